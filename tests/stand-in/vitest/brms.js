// A brms server for a run of vitest: one per test file, reset before each test. Copy it, set SEED to your seed file, and
// BRMS to the program unless it is on the PATH. It works in the environments node, jsdom and happy-dom.

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test as base } from 'vitest'

const { BRMS = 'brms', SEED } = process.env

export async function call(method, url, authorization, body) {
  const headers = { 'Content-Type': 'application/json', ...(authorization && { Authorization: authorization }) }
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) })
  return { status: answer.status, body: await answer.json() }
}

async function start() {
  if (!SEED) throw new Error('set SEED to the path of a seed file')
  // The server removes it at its end, also when this process is killed: its standard input ends then.
  const ready = join(tmpdir(), `brms-${randomUUID()}.json`)
  const child = spawn(
    BRMS,
    ['serve', '--ephemeral', '--listen', '127.0.0.1:0', '--seed', SEED, '--test-api', '--ready-file', ready,
      '--exit-with-stdin', '--log', 'error'],
    { stdio: ['pipe', 'ignore', 'inherit'] },
  )
  let failure
  const ended = new Promise((resolve) => {
    child.once('error', ({ message }) => {
      failure = `${message}: is brms installed? BRMS names another path of it`
      resolve()
    })
    child.once('exit', (code) => {
      failure = `brms did not start (exit code ${code}); its message is above`
      resolve()
    })
  })
  while (!existsSync(ready)) {
    if (failure) throw new Error(failure)
    await sleep(5)
  }
  const { url, testApiToken } = JSON.parse(readFileSync(ready, 'utf8'))
  const control = async (method, path, body) => {
    const answer = await call(method, `${url}/_test/${path}`, `Test ${testApiToken}`, body)
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  const nextMail = (to, after) => {
    const query = new URLSearchParams({ to, ...(after && { after: after.id }) })
    return control('GET', `mailbox/next?${query}`)
  }
  const stop = async () => {
    child.kill()
    await ended
  }
  return { url, control, nextMail, stop }
}

export const test = base.extend({
  // One server per test file.
  runningBrms: [
    async ({}, use) => {
      const brms = await start()
      await use(brms)
      await brms.stop()
    },
    { scope: 'file' },
  ],
  // That server, reset before each test.
  brms: async ({ runningBrms }, use) => {
    await runningBrms.control('POST', 'reset')
    await use(runningBrms)
  },
})
