import { createServer } from 'node:http'
import { reportPort } from './child.ts'
import { CHAT_ANSWER } from './payloads.ts'

/** An upstream that thinks for so many milliseconds, its argument, and answers every chat alike. */

const [thinks = '0'] = process.argv.slice(2)
const HEADERS = [
  'content-type',
  'application/json; charset=utf-8',
  'content-length',
  String(CHAT_ANSWER.length),
]

const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, (request, response) => {
  request.resume()
  setTimeout(() => {
    response.writeHead(200, HEADERS)
    response.end(CHAT_ANSWER)
  }, Number(thinks))
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => reportPort(server.address()))
