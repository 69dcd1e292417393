export { httpConfig } from "./config.ts";
export { emailConfig } from "./email-config.ts";
export { type EmailDoor, startEmail } from "./start-email.ts";
export { type HttpDoor, startHttp } from "./start-http.ts";
