export { httpConfig } from "./config.ts";
export { emailConfig } from "./email-config.ts";
export { type EmailDoor, startEmail } from "./start-email.ts";
export { startHttp } from "./start-http.ts";
