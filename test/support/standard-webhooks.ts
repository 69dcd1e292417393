// The official library of Standard Webhooks, for tests of other packages: the package is a dependency of the tests alone.
export { Webhook } from "standardwebhooks";
