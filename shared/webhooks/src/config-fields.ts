import { networkList } from "@openticket/runtime";
import { z } from "zod";
import { secretKeysFault } from "./secret-box.ts";

/** What every process that has to do with webhooks reads of its environment, and has to read alike. */
export const webhookConfigFields = {
  SECRETS_KEY: z
    .string()
    .superRefine((keys, context) => {
      const message = secretKeysFault(keys);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .optional()
    .describe("Key that the secrets of webhooks are sealed with in MongoDB, base64 of 32 bytes; several separated by commas: the first seals, all open"),
  EVENTS_ALLOWED_NETWORKS: networkList().describe("Addresses and CIDR ranges beside the public internet that endpoints may be in, by http as well"),
};
