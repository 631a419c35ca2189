/**
 * Kinds of clients, by words of the `User-Agent` header in small letters; the first that is found counts. Kits that name
 * what they are built on come before it, as `OpenAI/Python` before Python and Edge before Chrome.
 */
const FAMILIES: readonly (readonly [name: string, ...words: string[]])[] = [
  ['openai-python', 'openai/python'],
  ['openai-js', 'openai/js'],
  ['openai-other', 'openai/'],
  ['anthropic-python', 'anthropic/python'],
  ['anthropic-js', 'anthropic/js'],
  ['anthropic-other', 'anthropic/', 'claude-'],
  ['minimax', 'minimax'],
  ['langchain', 'langchain'],
  ['litellm', 'litellm'],
  ['vercel-ai', 'ai-sdk/'],
  ['python-requests', 'python-requests'],
  ['python-httpx', 'python-httpx'],
  ['python-aiohttp', 'aiohttp'],
  ['python-urllib', 'python-urllib', 'urllib3'],
  ['curl', 'curl/'],
  ['wget', 'wget/'],
  ['httpie', 'httpie'],
  ['postman', 'postmanruntime', 'insomnia', 'bruno'],
  ['load-test', 'k6/', 'apachebench', 'jmeter', 'locust', 'autocannon', 'wrk'],
  ['axios', 'axios/'],
  ['got', 'got (', 'got/'],
  ['node-fetch', 'node-fetch'],
  ['undici', 'undici'],
  ['bun', 'bun/'],
  ['deno', 'deno/'],
  ['go-http-client', 'go-http-client', 'go-resty'],
  ['okhttp', 'okhttp'],
  ['java', 'apache-httpclient', 'java-http-client', 'java/', 'jersey', 'reactornetty'],
  ['dart', 'dart/', 'dart:io'],
  ['rust', 'reqwest', 'hyper/', 'ureq'],
  ['ruby', 'ruby', 'faraday'],
  ['php', 'guzzlehttp', 'php/'],
  ['dotnet', 'restsharp', 'dotnet', '.net'],
  ['swift', 'cfnetwork', 'alamofire'],
  ['headless', 'headlesschrome', 'puppeteer', 'playwright', 'phantomjs'],
  ['bot', 'bot', 'spider', 'crawl', 'scrapy'],
  ['electron', 'electron/'],
  ['edge', 'edg/', 'edge/', 'edga/', 'edgios/'],
  ['opera', 'opr/', 'opera'],
  ['firefox', 'firefox/', 'fxios/'],
  ['chrome', 'chrome/', 'crios/', 'chromium/'],
  ['safari', 'safari/'],
  ['node', 'node'],
  ['python', 'python'],
]

/** What stands beyond it is not read, so that the longest header costs no more than a usual one. */
export const AGENT_LENGTH = 256

/** Every answer that `familyOf` gives: `none` without a header, `other` for what is not known. Saved by name. */
export const CLIENT_FAMILIES: readonly string[] = [...FAMILIES.map(([name]) => name), 'none', 'other']

/** @param userAgent of any length @returns one of `CLIENT_FAMILIES` */
export function familyOf(userAgent: string): string {
  if (userAgent === '') return 'none'
  const text = userAgent.slice(0, AGENT_LENGTH).toLowerCase()
  for (const [name, ...words] of FAMILIES) {
    for (const word of words) if (text.includes(word)) return name
  }
  return 'other'
}
