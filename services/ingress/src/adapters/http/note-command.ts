import type { Command } from "@openticket/contract";
import type { FastifyRequest } from "fastify";

const requestIds = new WeakMap<object, string>();

/** Says in the log which command was made of a request; from here on its id is in what the log says of it. */
export function noteCommand(request: FastifyRequest, { requestId }: Command, { credential }: { credential: string }): void {
  requestIds.set(request, requestId);
  request.log.debug({ requestId, credential }, "command made");
}

/** For a line of the log: the id of the command that was made of a request, where one was. */
export function notedId(request: FastifyRequest): { requestId?: string } {
  const requestId = requestIds.get(request);
  return requestId === undefined ? {} : { requestId };
}
