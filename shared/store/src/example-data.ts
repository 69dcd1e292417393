import type { StoreConnection } from "./connect.ts";
import { applyReferenceData } from "./import-reference-data.ts";
import { type ReferenceData, referenceSchemas } from "./reference-schemas.ts";

/** A small company to try the product with: four departments, two clients with what belongs to them, two admins. */
export const EXAMPLE_DATA: ReferenceData = {
  departments: [
    { id: 1, name: "Support", email: "support@example.test", staff: ["agent"] },
    { id: 2, name: "Billing", email: "billing@example.test", staff: ["admin"], noAutoresponder: true, preventClientClosure: true },
    { id: 3, name: "Sales", email: "sales@example.test", staff: ["admin", "agent"] },
    { id: 4, name: "Clients only", email: "clients@example.test", clientsOnly: true, hidden: true },
  ].map((row) => referenceSchemas.departments.parse(row)),
  mailboxes: [{ address: "help@example.test", deptid: 1 }].map((row) => referenceSchemas.mailboxes.parse(row)),
  mailfilters: [],
  clients: [
    { id: 1, firstname: "Ada", lastname: "Lovelace", companyname: "Analytical Engines", email: "ada@client.example.test" },
    { id: 2, firstname: "Charles", lastname: "Babbage", email: "charles@client.example.test" },
  ].map((row) => referenceSchemas.clients.parse(row)),
  users: [
    { id: 1, firstname: "Mary", lastname: "Somerville", email: "mary@client.example.test", clientids: [1] },
    { id: 2, firstname: "John", lastname: "Herschel", email: "john@client.example.test", clientids: [2] },
  ].map((row) => referenceSchemas.users.parse(row)),
  contacts: [
    { id: 1, clientid: 1, firstname: "Luigi", lastname: "Menabrea", email: "luigi@client.example.test" },
    { id: 2, clientid: 2, firstname: "George", lastname: "Peacock", email: "george@client.example.test" },
  ].map((row) => referenceSchemas.contacts.parse(row)),
  services: [
    { id: 1, clientid: 1, name: "Virtual server S" },
    { id: 2, clientid: 2, name: "Mail hosting" },
  ].map((row) => referenceSchemas.services.parse(row)),
  domains: [
    { id: 1, clientid: 1, domain: "analytical.example.test" },
    { id: 2, clientid: 2, domain: "difference.example.test" },
  ].map((row) => referenceSchemas.domains.parse(row)),
  customfields: [
    { id: 1, name: "How did you find us?" },
    { id: 2, name: "Invoice number", deptid: 2 },
  ].map((row) => referenceSchemas.customfields.parse(row)),
  admins: [
    { username: "admin", firstname: "Grace", lastname: "Hopper", email: "admin@example.test" },
    { username: "agent", firstname: "Alan", lastname: "Turing", email: "agent@example.test", apiAccess: false, permissions: [] },
  ].map((row) => referenceSchemas.admins.parse(row)),
  credentials: [],
};

/** Puts the example data into a store that has no department yet; false when it has. */
export async function seedExampleData(store: StoreConnection): Promise<boolean> {
  if (await store.models.departments.exists({})) return false;
  await applyReferenceData(store, EXAMPLE_DATA);
  return true;
}
