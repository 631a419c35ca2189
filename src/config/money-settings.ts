import { Type } from 'typebox'
import { MULTIPLIER } from '../lib/money.ts'
import { choice, duration, flag, planMultipliers, text } from './kinds.ts'

/** The settings about prices and the books; they stand among the others in schema.ts. */
export const moneySettings = {
  price_currency: choice(['USD', 'CNY'], {
    description:
      "Which of MiniMax's price lists counts, and so the currency of all money here: that of your account.",
    default: 'USD',
    examples: ['CNY'],
  }),
  prices_file: Type.Optional(
    text({
      description:
        'A JSON file of your own prices, over the shipped list, name by name; see docs/prices.md. A change is in force within seconds, without a restart.',
      examples: ['/etc/minimax-gateway/prices.json'],
    }),
  ),
  price_unknown: choice(['refuse', 'ceiling'], {
    description:
      'A call that has no price: `refuse` answers 503 and sends nothing; `ceiling` bills it by the dearest prices of its modality.',
    default: 'refuse',
    examples: ['ceiling'],
  }),
  price_multiplier: text(
    {
      description:
        "What users pay, as a multiple of MiniMax's list price, unless their plan or they themselves have another.",
      default: '1',
      examples: ['0.4', '1.25'],
    },
    { pattern: MULTIPLIER, expects: 'a decimal number from 0 to 1000000, with up to 9 decimals' },
  ),
  plan_multipliers: planMultipliers({
    description: 'Multipliers of the users of a plan that has none of its own, instead of PRICE_MULTIPLIER.',
    default: '',
    examples: ['free=0.4,pro=1'],
  }),
  ledger_retention: duration(
    '0s',
    {
      description:
        'How long the ledger keeps the row of a call. Totals by the hour and the day are kept for ever; `0s` keeps the rows for ever, too.',
      default: '90d',
      examples: ['30d', '2160h', '0s'],
    },
    '36500d',
  ),
  charged_header: flag({
    description:
      'Tells callers in `x-gateway-charged` what a call cost them, on answers that are not streams.',
    default: 'true',
    examples: ['false'],
  }),
}
