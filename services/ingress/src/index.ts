export { httpConfig } from "./config.ts";
export { type HttpDoor, startHttp } from "./start-http.ts";
