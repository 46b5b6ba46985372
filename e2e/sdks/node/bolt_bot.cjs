// The bot with Bolt for JavaScript.
const { App } = require('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

const say = (client, message, text, more = {}) =>
  client.chat.postMessage({ channel: message.channel, text, thread_ts: message.thread_ts, ...more });

const actions = {
  '!echo': (client, message, rest) => say(client, message, rest),
  '!thread': (client, message) =>
    client.chat.postMessage({ channel: message.channel, text: 'in the thread', thread_ts: message.ts }),
  '!edit': async (client, message) => {
    const posted = await say(client, message, 'working');
    await client.chat.update({ channel: posted.channel, ts: posted.ts, text: 'done' });
  },
  '!react': async (client, message) => {
    await client.reactions.add({ channel: message.channel, timestamp: message.ts, name: 'eyes' });
    await say(client, message, 'reacted');
  },
  '!upload': (client, message) =>
    client.files.uploadV2({
      channel_id: message.channel,
      filename: 'report.txt',
      title: 'Report',
      content: 'file content',
      initial_comment: 'the report',
    }),
  '!errors': async (client, message) => {
    const refused = {
      'unknown channel': () => client.chat.postMessage({ channel: 'C0000000000', text: 'x' }),
      'missing scope': () => client.conversations.join({ channel: message.channel }),
      'unknown method': () => client.apiCall('no.such.method'),
      'nothing to say': () => client.chat.postMessage({ channel: message.channel, text: '' }),
    };
    const codes = {};
    for (const [name, call] of Object.entries(refused)) {
      try {
        await call();
        codes[name] = 'accepted';
      } catch (error) {
        codes[name] = `${error.data.error}:${error.data.needed ?? ''}`;
      }
    }
    await say(client, message, JSON.stringify(codes));
  },
  '!burst': async (client, message, rest) => {
    for (let number = 0; number < Number(rest); number += 1) await say(client, message, `burst ${number}`);
  },
  '!whoami': async (client, message) => {
    const me = await client.auth.test();
    const { user } = await client.users.info({ user: message.user });
    const { bot } = await client.bots.info({ bot: me.bot_id });
    const { channels } = await client.conversations.list();
    const facts = {
      asker: user.name,
      email: user.profile.email,
      bot: bot.name,
      same: bot.user_id === me.user_id,
      team: me.team,
      scoped: me.response_metadata.scopes.includes('chat:write'),
      users: (await client.users.list({})).members.length,
      channels: channels.map((channel) => channel.name).sort(),
      members: (await client.conversations.members({ channel: message.channel })).members.length,
    };
    await say(client, message, JSON.stringify(facts));
  },
  '!history': async (client, message) => {
    const { channel } = message;
    const metadata = { event_type: 'counted', event_payload: { by: 'bot' } };
    await say(client, message, 'counting', { metadata });
    await client.chat.postMessage({ channel, text: 'reply', thread_ts: message.ts });
    const newest = await client.conversations.history({ channel, limit: 2, include_all_metadata: true });
    const replies = await client.conversations.replies({ channel, ts: message.ts });
    const facts = {
      newest: newest.messages[0].text,
      metadata: newest.messages[0].metadata.event_type,
      more: newest.has_more,
      replies: replies.messages.map((reply) => reply.text),
    };
    await say(client, message, JSON.stringify(facts));
  },
  '!ephemeral': (client, message) =>
    client.chat.postEphemeral({ channel: message.channel, user: message.user, text: 'for your eyes' }),
};

app.event('app_mention', ({ event, client }) => say(client, event, `mentioned in ${event.channel}`));

app.message(/^!/, async ({ message, client }) => {
  const [name] = message.text.split(' ', 1);
  await actions[name]?.(client, message, message.text.slice(name.length + 1));
});

app.command('/ops', async ({ ack, respond, command }) => {
  await ack(`acknowledged ${command.text}`);
  await respond({ text: `responded ${command.text}`, response_type: 'in_channel' });
});

app.action('confirm', async ({ ack, action, say: sayHere }) => {
  await ack();
  await sayHere(`clicked ${action.value}`);
});

const modal = (channel) => ({
  type: 'modal',
  callback_id: 'form',
  private_metadata: channel,
  title: { type: 'plain_text', text: 'Fill in' },
  submit: { type: 'plain_text', text: 'Run' },
  blocks: [
    {
      type: 'input',
      block_id: 'name',
      label: { type: 'plain_text', text: 'Name' },
      element: { type: 'plain_text_input', action_id: 'value' },
    },
  ],
});

app.action('form', async ({ ack, body, client }) => {
  await ack();
  await client.views.open({ trigger_id: body.trigger_id, view: modal(body.channel.id) });
});

app.view('form', async ({ ack, view, client }) => {
  const name = view.state.values.name.value.value;
  if (name === 'nobody') {
    await ack({ response_action: 'errors', errors: { name: 'nobody is no name' } });
    return;
  }
  await ack();
  await client.chat.postMessage({ channel: view.private_metadata, text: `filled in ${name}` });
});

app.event('app_home_opened', async ({ event, client }) => {
  const text = (content, style) => ({ type: 'text', text: content, ...(style ? { style } : {}) });
  const section = (...elements) => ({ type: 'rich_text_section', elements });
  const elements = [
    section(text('Welcome, ', { bold: true }), { type: 'user', user_id: event.user }),
    { type: 'rich_text_list', style: 'bullet', indent: 0, elements: [section(text('one'))] },
  ];
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: [{ type: 'rich_text', elements }] } });
});

// Runs until the standard input ends, that is, until the test ends.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
app.start();
