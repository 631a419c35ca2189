import { createHash } from 'node:crypto'

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;margin:0;color:#1a1a1a;background:#fff}main{max-width:40rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1.5rem}input,pre{font:14px/1.5 ui-monospace,monospace;box-sizing:border-box;width:100%;padding:.5rem;margin:.5rem 0 1rem}pre{overflow-x:auto;background:#f3f3f3}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#262626}}'

/** Puts the code behind the `#` into the form, and takes it out of the address bar. Without it people paste the code. */
const SCRIPT =
  "const code=location.hash.slice(1);if(/^[0-9A-Za-z]{43}$/.test(code)){document.querySelector('input').value=code;document.querySelector('label').hidden=true;history.replaceState(null,'',location.pathname)}"

const hashed = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/**
 * Headers of every page: it is not kept, framed or guessed at, loads nothing, runs no script but ours, sends forms to
 * itself alone, and tells nobody where it was.
 */
export const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': [
    "default-src 'none'",
    `style-src ${hashed(STYLE)}`,
    `script-src ${hashed(SCRIPT)}`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** A text as HTML shows it, between tags and in attributes with quotes. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
}

/** A page. @param title a text @param body HTML */
function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>
${body}
</main></body></html>
`
}

/** A page that says something. @param lines texts, a paragraph each */
export function wordsPage(title: string, ...lines: readonly string[]): string {
  return page(title, lines.map((line) => `<p>${escaped(line)}</p>`).join('\n'))
}

/**
 * A page with a button. Programs that look into mails open every link: so opening it does nothing. It knows no secret,
 * and is the same for everybody.
 */
export function buttonPage(title: string, words: string, button: string): string {
  return page(
    title,
    `<p>${escaped(words)}</p>
<form method="post" autocomplete="off">
<label>The code from your mail <input name="secret" required maxlength="300" spellcheck="false" autocapitalize="off"></label>
<button>${escaped(button)}</button>
</form>
<script>${SCRIPT}</script>`,
  )
}

/** The page that shows a token, the one time. @param until when it ends, as a text; null: never */
export function tokenPage(token: string, baseUrl: string, until: string | null): string {
  const curl = `curl -X POST ${baseUrl}/v1/text/chatcompletion_v2 \\
  -H "Authorization: Bearer ${token}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "MiniMax-M3", "messages": [{"role": "user", "content": "Hello, MiniMax!"}]}'`
  const end = until === null ? '' : ` It ends at ${until}.`
  return page(
    'Your token',
    `<p>${escaped(`This is the only time that it is shown. Copy it, and keep it as you would a password: whoever has it can use it in your name.${end}`)}</p>
<label>Token <input readonly value="${escaped(token)}"></label>
<label>Base URL <input readonly value="${escaped(baseUrl)}"></label>
<p>For example:</p>
<pre>${escaped(curl)}</pre>`,
  )
}
