"""What the Python bots do when they are spoken to, with nothing but slack_sdk's web client."""

import json
import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

# Seconds. After five pings that failed the client connects again; the test need not wait for five times ten seconds.
PING_INTERVAL = 1


def web_client(environment):
    client = WebClient(token=environment["SLACK_BOT_TOKEN"], base_url=environment["SLACK_API_URL"])
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=20))
    return client


def answer(client, message):
    """Carries out a message that starts with `!`; returns False for all others."""
    text = message.get("text", "")
    name, _, rest = text.partition(" ")
    action = ACTIONS.get(name)
    if action is None:
        return False
    action(client, message, rest)
    return True


def say(client, message, text, **more):
    return client.chat_postMessage(
        channel=message["channel"], text=text, thread_ts=message.get("thread_ts"), **more
    )


def echo(client, message, rest):
    say(client, message, rest)


def thread(client, message, _):
    client.chat_postMessage(channel=message["channel"], text="in the thread", thread_ts=message["ts"])


def edit(client, message, _):
    posted = say(client, message, "working")
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="done")


def react(client, message, _):
    client.reactions_add(channel=message["channel"], timestamp=message["ts"], name="eyes")
    say(client, message, "reacted")


def upload(client, message, _):
    client.files_upload_v2(
        channel=message["channel"],
        filename="report.txt",
        title="Report",
        content="file content",
        initial_comment="the report",
    )


def errors(client, message, _):
    refused = {
        "unknown channel": lambda: client.chat_postMessage(channel="C0000000000", text="x"),
        "missing scope": lambda: client.conversations_join(channel=message["channel"]),
        "unknown method": lambda: client.api_call("no.such.method"),
        "nothing to say": lambda: client.chat_postMessage(channel=message["channel"], text=""),
    }
    codes = {}
    for name, call in refused.items():
        try:
            call()
            codes[name] = "accepted"
        except SlackApiError as error:
            codes[name] = error.response["error"]
            codes[name] += ":" + error.response.get("needed", "")
    say(client, message, json.dumps(codes))


def burst(client, message, rest):
    for number in range(int(rest)):
        say(client, message, f"burst {number}")


def whoami(client, message, _):
    me = client.auth_test()
    user = client.users_info(user=message["user"])["user"]
    bot = client.bots_info(bot=me["bot_id"])["bot"]
    scopes = me.headers.get("x-oauth-scopes") or me.headers.get("X-OAuth-Scopes")
    facts = {
        "asker": user["name"],
        "email": user["profile"]["email"],
        "bot": bot["name"],
        "same": bot["user_id"] == me["user_id"],
        "team": me["team"],
        "scoped": "chat:write" in scopes,
        "users": len(client.users_list()["members"]),
        "channels": sorted(c["name"] for c in client.conversations_list()["channels"]),
        "members": len(client.conversations_members(channel=message["channel"])["members"]),
    }
    say(client, message, json.dumps(facts))


def history(client, message, _):
    metadata = {"event_type": "counted", "event_payload": {"by": "bot"}}
    say(client, message, "counting", metadata=metadata)
    client.chat_postMessage(channel=message["channel"], text="reply", thread_ts=message["ts"])
    channel = message["channel"]
    newest = client.conversations_history(channel=channel, limit=2, include_all_metadata=True)
    replies = client.conversations_replies(channel=channel, ts=message["ts"])
    facts = {
        "newest": newest["messages"][0]["text"],
        "metadata": newest["messages"][0]["metadata"]["event_type"],
        "more": newest["has_more"],
        "replies": [reply["text"] for reply in replies["messages"]],
    }
    say(client, message, json.dumps(facts))


def modal(channel):
    return {
        "type": "modal",
        "callback_id": "form",
        "private_metadata": channel,
        "title": {"type": "plain_text", "text": "Fill in"},
        "submit": {"type": "plain_text", "text": "Run"},
        "blocks": [
            {
                "type": "input",
                "block_id": "name",
                "label": {"type": "plain_text", "text": "Name"},
                "element": {"type": "plain_text_input", "action_id": "value"},
            }
        ],
    }


def home(user):
    elements = [
        {"type": "text", "text": "Welcome, ", "style": {"bold": True}},
        {"type": "user", "user_id": user},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    item = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    points = {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": [item]}
    return {"type": "home", "blocks": [{"type": "rich_text", "elements": [section, points]}]}


def ephemeral(client, message, _):
    client.chat_postEphemeral(channel=message["channel"], user=message["user"], text="for your eyes")


ACTIONS = {
    "!echo": echo,
    "!thread": thread,
    "!edit": edit,
    "!react": react,
    "!upload": upload,
    "!errors": errors,
    "!burst": burst,
    "!whoami": whoami,
    "!history": history,
    "!ephemeral": ephemeral,
}


def run_until_told():
    """The bots run until their standard input ends, that is, until the test ends."""
    sys.stdin.read()
