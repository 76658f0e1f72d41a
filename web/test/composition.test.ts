/** A message from the keyboard to the server, and back where it does not get through. */

import { CallError, ConnectionLostError } from "@connect/client";
import { expect, test, vi } from "vitest";

import { Composition } from "../src/ui/composition";

const REFUSED = new CallError(429, "too many messages", "too_many_requests");

test("what is sent before the first one got through goes after it", async () => {
  const server = new SlowServer();
  const composition = compose(server, "one", "two");
  expect(composition.state.get()).toEqual({ text: "", error: null });
  expect(server.asked).toEqual(["one"]);
  await server.answers();
  expect(server.asked).toEqual(["one", "two"]);
  await server.answers();
  send(composition, "three");
  expect(server.asked).toEqual(["one", "two", "three"]);
});

test("what does not get through is there again, with all that was written after it", async () => {
  const server = new SlowServer();
  const composition = compose(server, "one", "two");
  composition.write("thr");
  await server.answers(REFUSED);
  expect(composition.state.get()).toEqual({ text: "one two thr", error: REFUSED });
  expect(server.asked).toEqual(["one"]);
  composition.send();
  expect(composition.state.get()).toEqual({ text: "", error: null });
  expect(server.asked).toEqual(["one", "one two thr"]);
});

test("nothing is nothing to send", () => {
  const server = new SlowServer();
  expect(compose(server, "  ").state.get().text).toBe("  ");
  expect(server.asked).toEqual([]);
});

test("that the connection was lost is told until it is back; what the server refused stays", async () => {
  const server = new SlowServer();
  const reported = vi.spyOn(console, "error").mockReturnValue();
  const composition = compose(server, "one");
  await server.answers(new ConnectionLostError());
  expect(reported).toHaveBeenCalledOnce();
  composition.reconnected();
  expect(composition.state.get()).toEqual({ text: "one", error: null });
  composition.send();
  await server.answers(REFUSED);
  composition.reconnected();
  expect(composition.state.get().error).toBe(REFUSED);
});

function compose(server: SlowServer, ...texts: string[]): Composition {
  const composition = new Composition(server.say);
  for (const text of texts) send(composition, text);
  return composition;
}

function send(composition: Composition, text: string): void {
  composition.write(text);
  composition.send();
}

/** Answers when it is told to. */
class SlowServer {
  readonly asked: string[] = [];
  #answer: (error?: Error) => void = () => undefined;

  readonly say = (text: string) => {
    this.asked.push(text);
    return new Promise<void>((resolve, reject) => {
      this.#answer = (error) => (error ? reject(error) : resolve());
    });
  };

  /** Let the last one through, or refuse it; wait until that is known. */
  async answers(error?: Error): Promise<void> {
    this.#answer(error);
    await new Promise(setImmediate);
  }
}
