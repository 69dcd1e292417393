import { describe, expect, it } from "vitest";
import { expressionFaults } from "../../src/mapping/expression-faults.ts";

const ticket = { subject: "title", message: "text" };
const correlation = { key: "id", windowSeconds: 60, onResolved: "close", afterResolved: "reopen" } as const;

describe("what is wrong with expressions", () => {
  it("finds nothing in sound ones", () => {
    expect(expressionFaults({ mapping: { when: "state = 'open'", ticket }, correlation: { ...correlation, resolved: "$not(firing)" } })).toEqual([]);
  });

  it("finds nothing where nothing is given", () => {
    expect(expressionFaults({ mapping: undefined, correlation: null })).toEqual([]);
  });

  it("says where an expression is broken", () => {
    const faults = expressionFaults({
      mapping: { when: "a.(b", ticket: { ...ticket, subject: '"open' } },
      correlation: { ...correlation, key: "$f(", resolved: "x ~>", happenedAt: "(" },
    });
    expect(faults.map(({ path }) => path)).toEqual([
      "mapping.when",
      "mapping.ticket.subject",
      "correlation.key",
      "correlation.resolved",
      "correlation.happenedAt",
    ]);
    expect(faults[0]?.message).toBe('no JSONata: Expected ")" before end of expression, at character 4');
    for (const { message } of faults) expect(message).toMatch(/^no JSONata: .+, at character \d+$/);
  });

  it("names the parameter that was meant", () => {
    expect(expressionFaults({ mapping: { ticket: { ...ticket, deptId: "1" } } })).toEqual([
      { path: "mapping.ticket.deptId", message: 'OpenTicket has no parameter "deptId": it is written deptid' },
    ]);
  });

  it("names the parameters that there are", () => {
    const [fault] = expressionFaults({ mapping: { ticket: { ...ticket, __proto__x: "1" } } });
    expect(fault).toEqual({ path: "mapping.ticket.__proto__x", message: expect.stringContaining("expected one of deptid, subject, message, clientid") });
  });

  it("wants a subject and a message", () => {
    const faults = expressionFaults({ mapping: { ticket: { deptid: "1" } } });
    expect(faults.map(({ path }) => path)).toEqual(["mapping.ticket.subject", "mapping.ticket.message"]);
  });

  it("survives an expression that is nested without end", () => {
    const [fault] = expressionFaults({ mapping: { ticket: { ...ticket, subject: "(".repeat(10_000) } } });
    expect(fault?.message).toMatch(/^no JSONata: /);
  });

  it("reads a regular expression that is broken as a fault", () => {
    expect(expressionFaults({ mapping: { when: "$match(a, /(/)", ticket } })).toHaveLength(1);
  });
});
