import { type KeyObject, verify } from "node:crypto";
import { z } from "zod";

/** Every signed field but Message is one line, so that the signed text can be taken apart in one way only. */
const line = z.string().regex(/^[^\r\n]*$/);
const signed = { Message: z.string(), MessageId: line, Timestamp: z.iso.datetime(), TopicArn: line };
const signature = { SignatureVersion: z.enum(["1", "2"]), Signature: z.string().min(1), SigningCertURL: z.string() };

/** A message of Amazon SNS as it is posted; further fields are neither signed nor used. */
export const snsMessage = z.discriminatedUnion("Type", [
  z.object({ Type: z.literal("Notification"), Subject: line.nullish(), ...signed, ...signature }),
  z.object({ Type: z.enum(["SubscriptionConfirmation", "UnsubscribeConfirmation"]), SubscribeURL: line, Token: line, ...signed, ...signature }),
]);
export type SnsMessage = z.infer<typeof snsMessage>;

/** What the signature covers: names and values, a line each, sorted by name. Source: AWS, "Verifying the signatures of Amazon SNS messages". */
export function signedText(message: SnsMessage): string {
  const { Message, MessageId, Timestamp, TopicArn, Type } = message;
  const fields: Record<string, string | null | undefined> =
    message.Type === "Notification"
      ? { Message, MessageId, Subject: message.Subject, Timestamp, TopicArn, Type }
      : { Message, MessageId, SubscribeURL: message.SubscribeURL, Timestamp, Token: message.Token, TopicArn, Type };
  return Object.entries(fields)
    .map(([name, value]) => (typeof value === "string" ? `${name}\n${value}\n` : ""))
    .join("");
}

/** Whether this key signed it: RSA with SHA-1 (version 1) or SHA-256 (version 2), PKCS #1 v1.5. */
export function isSignedBy(key: KeyObject, message: SnsMessage): boolean {
  const algorithm = message.SignatureVersion === "1" ? "sha1" : "sha256";
  return verify(algorithm, Buffer.from(signedText(message)), key, Buffer.from(message.Signature, "base64"));
}
