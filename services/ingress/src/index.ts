export { httpConfig } from "./config.ts";
export { startHttp } from "./start-http.ts";
