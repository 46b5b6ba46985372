"""The bot with slack_sdk's own Socket Mode client."""

import os

from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient

import actions

client = actions.web_client(os.environ)
me = client.auth_test()["user_id"]
socket = SocketModeClient(
    app_token=os.environ["SLACK_APP_TOKEN"], web_client=client, ping_interval=actions.PING_INTERVAL
)


def on_event(event):
    if event["type"] == "app_mention":
        actions.say(client, event, f"mentioned in {event['channel']}")
    elif event["type"] == "message" and "subtype" not in event and event.get("user") != me:
        actions.answer(client, event)


def on_request(socket, request):
    if request.type == "slash_commands":
        text = request.payload["text"]
        answer = SocketModeResponse(request.envelope_id, {"text": f"acknowledged {text}"})
        socket.send_socket_mode_response(answer)
        WebhookClient(request.payload["response_url"]).send(text=f"responded {text}", response_type="in_channel")
        return
    socket.send_socket_mode_response(SocketModeResponse(request.envelope_id))
    if request.type == "events_api":
        on_event(request.payload["event"])
    elif request.type == "interactive":
        value = request.payload["actions"][0]["value"]
        client.chat_postMessage(channel=request.payload["channel"]["id"], text=f"clicked {value}")


socket.socket_mode_request_listeners.append(on_request)
socket.connect()
actions.run_until_told()
socket.close()
