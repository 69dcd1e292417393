#!/usr/bin/env python3
"""Opens a ticket over the queue and prints the reply as JSON.

    pip install -r requirements.txt
    python3 open_ticket.py '{"deptid": 1, "subject": "Hello", "message": "From Python", "clientid": 1}'

Exit codes: 0 opened, 1 rejected (the reply is printed all the same), 2 wrong usage, 3 no reply in time, 4 not handed over: no Redis.
"""

import argparse
import asyncio
import json
import secrets
import sys
from datetime import datetime, timezone

from bullmq import Queue, Worker
from redis.exceptions import RedisError

COMMAND_QUEUE = "open-ticket"
JOB_NAME = "OpenTicket"
CLEAN_UP_TIMEOUT_S = 2


async def open_ticket(ticket, arguments, progress):
    """Sends the command and waits for the result that carries its requestId."""
    # The job has an id of our own, because redis-py sends an unanswered command again: without one that is two jobs.
    # It may hold no ":" and be no integer.
    request_id = arguments.request_id or f"req_{secrets.token_hex(16)}"
    # Any name that we alone consume. Names that start with "open-ticket-reply-" belong to the product's own clients.
    reply_queue = f"python-replies-{secrets.token_hex(8)}"
    options = {"connection": arguments.redis_url, "prefix": arguments.prefix}
    answered = asyncio.get_running_loop().create_future()

    async def read_reply(job, _token):
        for result in job.data["results"]:
            if result["requestId"] == request_id and not answered.done():
                answered.set_result(result)

    command = {
        "v": 1,
        "requestId": request_id,
        "source": {"channel": "python-example"},
        "receivedAt": datetime.now(timezone.utc).isoformat(),
        "replyTo": {"queue": reply_queue},
        "ticket": ticket,
    }
    if arguments.idempotency_key:
        command["idempotencyKey"] = arguments.idempotency_key
    commands = Queue(COMMAND_QUEUE, options)
    replies = Worker(reply_queue, read_reply, {**options, "autorun": False, "runRetryDelay": 500, "removeOnComplete": True})
    own_queue = Queue(reply_queue, options)
    try:
        # Failed jobs stay: they are the operator's dead letters.
        await commands.add(JOB_NAME, command, {"jobId": request_id, "removeOnComplete": True, "removeOnFail": False})
        progress["sent"] = True
        # The reply waits in our queue, so that it may be read from now on.
        reading = asyncio.ensure_future(replies.run())
        await asyncio.wait({answered, reading}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            reading.result()
        return await answered
    finally:
        await clean_up(replies, own_queue, commands)


async def clean_up(replies, own_queue, commands):
    """In bounded time: redis-py would try for minutes when Redis is away."""

    async def steps():
        await replies.close(force=True)
        await own_queue.obliterate(force=True)
        await own_queue.close()
        await commands.close()

    try:
        await asyncio.wait_for(steps(), CLEAN_UP_TIMEOUT_S)
    except (asyncio.TimeoutError, RedisError, OSError):
        pass


def read_arguments():
    parser = argparse.ArgumentParser(description="Opens a ticket over the queue and prints the reply as JSON.")
    parser.add_argument("ticket", help="the call's parameters as a JSON object")
    parser.add_argument("--redis-url", default="redis://127.0.0.1:6379")
    parser.add_argument("--prefix", default="bull", help="key prefix of the queues")
    parser.add_argument("--timeout", type=float, default=25.0, help="seconds to wait for the reply")
    parser.add_argument("--request-id", help="name of the request; by default a random one")
    parser.add_argument("--idempotency-key", help="a repetition with the same key opens no second ticket")
    arguments = parser.parse_args()
    try:
        ticket = json.loads(arguments.ticket)
    except json.JSONDecodeError as error:
        parser.error(f"the ticket is not JSON: {error}")
    if not isinstance(ticket, dict):
        parser.error("the ticket is not a JSON object")
    return ticket, arguments


def main():
    ticket, arguments = read_arguments()
    progress = {"sent": False}
    try:
        result = asyncio.run(asyncio.wait_for(open_ticket(ticket, arguments, progress), arguments.timeout))
    except (asyncio.TimeoutError, RedisError, OSError) as error:
        if progress["sent"]:
            print(f"no reply within {arguments.timeout} s; the ticket may still be opened", file=sys.stderr)
            return 3
        print(f"Redis cannot be reached at {arguments.redis_url}: {error or type(error).__name__}", file=sys.stderr)
        return 4
    print(json.dumps(result))
    return 0 if result["result"] == "success" else 1


if __name__ == "__main__":
    sys.exit(main())
