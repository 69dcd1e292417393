// The public surface: what webhooks are, in and out. Knows no store, no queue and no server.

export { mailgunKind } from "./kinds/mailgun.ts";
export { mandrillKind } from "./kinds/mandrill.ts";
export { postmarkKind } from "./kinds/postmark.ts";
export { sendgridKind } from "./kinds/sendgrid.ts";
export { sesKind } from "./kinds/ses.ts";
export * from "./source-kind.ts";
