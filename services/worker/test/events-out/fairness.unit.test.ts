import { describe, expect, it } from "vitest";
import { makeBreaker } from "../../src/events-out/breaker.ts";
import { makePlaces } from "../../src/events-out/places.ts";

describe("places", () => {
  it("one of each endpoint is its own, whatever the others hold", () => {
    const places = makePlaces({ shared: 3 });
    expect(places.take("slow", { most: 50 })).toBe(4);
    expect(places.take("slow", { most: 50 })).toBe(0);
    expect(places.take("good", { most: 50 })).toBe(1);
    expect(places.take("good", { most: 50 })).toBe(0);
    expect(places.total()).toBe(5);
  });

  it("of one endpoint are never more than it may hold", () => {
    const places = makePlaces({ shared: 100 });
    expect(places.take("a", { most: 5 })).toBe(5);
    places.leave("a", 2);
    expect(places.held("a")).toBe(3);
    expect(places.take("a", { most: 5 })).toBe(2);
    expect(places.take("a", { most: 1 })).toBe(0);
  });

  it("that were left are there for others", () => {
    const places = makePlaces({ shared: 2 });
    places.take("a", { most: 3 });
    places.leave("a", 3);
    expect(places.take("b", { most: 3 })).toBe(3);
    expect(places.total()).toBe(3);
  });
});

describe("a breaker", () => {
  const start = () => {
    const time = { ms: 0 };
    const breaker = makeBreaker({ nowMs: () => time.ms });
    const fail = (times: number) => {
      for (let n = 0; n < times; n++) breaker.failed();
    };
    return { time, breaker, fail };
  };

  it("opens after five failures in a row, and lets one call through after its pause", () => {
    const { time, breaker, fail } = start();
    fail(4);
    expect(breaker.allows()).toBe("all");
    fail(1);
    expect(breaker.allows()).toBe("none");
    time.ms = 30_000;
    expect(breaker.allows()).toBe("one");
  });

  it("pauses twice as long each time the one call fails, at most ten minutes; one answer closes it", () => {
    const { time, breaker, fail } = start();
    fail(5);
    time.ms = 30_000;
    fail(1);
    time.ms = 89_999;
    expect(breaker.allows()).toBe("none");
    for (let n = 0; n < 20; n++) {
      time.ms += 600_000;
      expect(breaker.allows()).toBe("one");
      fail(1);
    }
    time.ms += 600_000;
    breaker.answered();
    expect(breaker.allows()).toBe("all");
    fail(5);
    time.ms += 30_000;
    expect(breaker.allows()).toBe("one");
  });

  it("pauses once for all calls that were in flight when it opened", () => {
    const { time, breaker, fail } = start();
    fail(50);
    time.ms = 29_999;
    fail(50);
    expect(breaker.allows()).toBe("none");
    time.ms = 30_000;
    expect(breaker.allows()).toBe("one");
  });

  it("opens though the endpoint has asked for a pause meanwhile", () => {
    const { time, breaker, fail } = start();
    for (let n = 0; n < 5; n++) {
      fail(1);
      breaker.pause(60_000);
    }
    time.ms = 60_000;
    expect(breaker.allows()).toBe("one");
  });

  it("counts failures in a row, not in all", () => {
    const { breaker, fail } = start();
    fail(4);
    breaker.answered();
    fail(4);
    expect(breaker.allows()).toBe("all");
  });

  it("pauses as long as the endpoint asks, within ten minutes", () => {
    const { time, breaker } = start();
    breaker.pause(5000);
    expect(breaker.allows()).toBe("none");
    time.ms = 5000;
    expect(breaker.allows()).toBe("all");
    breaker.pause(10_000_000);
    time.ms = 605_000;
    expect(breaker.allows()).toBe("all");
  });
});
