import type { Dashboard, Row } from './model.ts'
import { orZero, PREFIX, rate, ratio, total } from './promql.ts'

const TOKENS = 'unit=~".+_tokens"'
const MEDIA = 'unit!~".+_tokens|characters"'
const ONE = 'user="$user"'

/** Everybody whom the cap of names leaves out is `_other`: no metric tells them apart. */
const spenders: Row = {
  title: 'Who spends',
  panels: [
    {
      kind: 'table',
      title: 'Top users',
      description:
        'The twenty who are charged most for the time that is shown. A name that is new at the top: look at it in depth below, then at the dashboard of abuse.',
      unit: 'currencyUSD',
      labels: { user: 'User' },
      queries: [
        { expr: `topk(20, ${total('charged_usd_total', ['user'])})`, legend: 'Charged' },
        {
          expr: `${total('list_usd_total', ['user'])} and topk(20, ${total('charged_usd_total', ['user'])})`,
          legend: 'List price',
        },
      ],
      width: 10,
    },
    {
      kind: 'graph',
      title: 'Spend an hour by user',
      description:
        'The ten who are charged most at every moment. A line that jumps and stays: a loop that ran away, or a token in other hands.',
      unit: 'currencyUSD',
      queries: [{ expr: `topk(10, ${rate('charged_usd_total', ['user'])} * 3600)`, legend: '{{user}}' }],
      width: 14,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Not shown by name',
      description:
        'Share of the charged money of all users beyond the cap of names, `_other`. When it is large, raise the cap, or ask the ledger: `usage --by user`.',
      unit: 'percentunit',
      queries: [
        {
          expr: ratio(orZero(total('charged_usd_total', [], 'user="_other"')), total('charged_usd_total')),
          legend: '_other',
        },
      ],
      width: 8,
      thresholds: [{ at: 0.5, colour: 'yellow' }],
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Users by name',
      description: 'How many users have numbers of their own here. It stays at the cap once that is reached.',
      unit: 'none',
      queries: [
        { expr: `count(sum by (user) (${PREFIX}charged_usd_total{user!="_other"}))`, legend: 'users' },
      ],
      width: 8,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Soft budgets used up',
      description:
        'Budgets that warn instead of refusing, passed in the time that is shown. The log names whose.',
      unit: 'none',
      queries: [{ expr: total('soft_budgets_passed_total'), legend: 'passed' }],
      width: 8,
      thresholds: [{ at: 1, colour: 'yellow' }],
    },
  ],
}

const everybody: Row = {
  title: 'What all of them use',
  panels: [
    {
      kind: 'graph',
      title: 'Chat: tokens a minute',
      description:
        'Tokens by kind. The four are disjoint. When cached tokens fall to nothing, prompts have changed and the same calls cost more.',
      unit: 'short',
      queries: [{ expr: `${rate('usage_total', ['unit'], TOKENS)} * 60`, legend: '{{unit}}' }],
      width: 8,
      stacked: true,
    },
    {
      kind: 'graph',
      title: 'Speech: characters a minute',
      description:
        'Characters that were spoken, by model, as MiniMax counts them: a Chinese character is two.',
      unit: 'short',
      queries: [{ expr: `${rate('usage_total', ['model'], 'unit="characters"')} * 60`, legend: '{{model}}' }],
      width: 8,
      stacked: true,
    },
    {
      kind: 'graph',
      title: 'Everything else an hour',
      description:
        'Images, videos and their seconds, songs, seconds of transcribed audio, voices: what is dear by the piece. Seldom used and suddenly high: see the dashboard of abuse.',
      unit: 'short',
      queries: [{ expr: `${rate('usage_total', ['unit'], MEDIA)} * 3600`, legend: '{{unit}}' }],
      width: 8,
    },
    {
      kind: 'table',
      title: 'Usage by model',
      description:
        'Everything used in the time that is shown, by model and unit. `other`: models that MiniMax does not list.',
      unit: 'short',
      labels: { model: 'Model', unit: 'Unit' },
      queries: [{ expr: `${total('usage_total', ['model', 'unit'])} > 0`, legend: 'Quantity' }],
      width: 12,
    },
    {
      kind: 'table',
      title: 'Heaviest users by unit',
      description: 'For each unit the five who used most of it in the time that is shown.',
      unit: 'short',
      labels: { unit: 'Unit', user: 'User' },
      queries: [
        { expr: `topk by (unit) (5, ${total('usage_total', ['unit', 'user'])} > 0)`, legend: 'Quantity' },
      ],
      width: 12,
    },
  ],
}

const charged = total('charged_usd_total', [], ONE)

const one: Row = {
  title: 'One user: $user',
  panels: [
    {
      kind: 'stat',
      of: 'range',
      title: 'Charged',
      description:
        'What this user is charged for the time that is shown, and MiniMax’s list price of it. The ledger has the calls: requests?user=….',
      unit: 'currencyUSD',
      queries: [
        { expr: charged, legend: 'charged' },
        { expr: total('list_usd_total', [], ONE), legend: 'list' },
      ],
      width: 8,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Share of all spend',
      description:
        'This user’s part of what all are charged. One who pays for most of it deserves limits of their own.',
      unit: 'percentunit',
      queries: [{ expr: ratio(charged, total('charged_usd_total')), legend: 'share' }],
      width: 8,
    },
    {
      kind: 'stat',
      of: 'range',
      title: 'Prompt tokens from the cache',
      description:
        'Cached tokens cost a fraction. Near zero with long prompts: what changes from call to call should stand at their end.',
      unit: 'percentunit',
      queries: [
        {
          expr: ratio(
            orZero(total('usage_total', [], `${ONE}, unit="cached_tokens"`)),
            total('usage_total', [], `${ONE}, unit=~"(input|cached|cache_write)_tokens"`),
          ),
          legend: 'cached',
        },
      ],
      width: 8,
    },
    {
      kind: 'graph',
      title: 'Spend an hour',
      description: 'Charged, and at list price. The distance between the lines is the user’s multiplier.',
      unit: 'currencyUSD',
      queries: [
        { expr: `${rate('charged_usd_total', [], ONE)} * 3600`, legend: 'charged' },
        { expr: `${rate('list_usd_total', [], ONE)} * 3600`, legend: 'list' },
      ],
      width: 12,
    },
    {
      kind: 'graph',
      title: 'Tokens a minute by model',
      description:
        'All tokens of chat. A model that this user never had: ask them, or look at their incidents.',
      unit: 'short',
      queries: [{ expr: `${rate('usage_total', ['model'], `${ONE}, ${TOKENS}`)} * 60`, legend: '{{model}}' }],
      width: 12,
      stacked: true,
    },
    {
      kind: 'graph',
      title: 'Everything else an hour',
      description: 'Characters of speech and all that is sold by the piece or the second.',
      unit: 'short',
      queries: [
        { expr: `${rate('usage_total', ['unit'], `${ONE}, unit!~".+_tokens"`)} * 3600`, legend: '{{unit}}' },
      ],
      width: 12,
    },
    {
      kind: 'table',
      title: 'Usage',
      description: 'Everything this user used in the time that is shown, by model and unit.',
      unit: 'short',
      labels: { model: 'Model', unit: 'Unit' },
      queries: [{ expr: `${total('usage_total', ['model', 'unit'], ONE)} > 0`, legend: 'Quantity' }],
      width: 12,
    },
  ],
}

/** Who uses what, and pays what. */
export const users: Dashboard = {
  name: 'users',
  title: 'MiniMax gateway: users',
  description: 'Who uses what and pays what; one user in depth.',
  variables: [
    { name: 'user', title: 'User', metric: `${PREFIX}charged_usd_total`, label: 'user', all: false },
  ],
  rows: [spenders, everybody, one],
}
