// A brms server for a run of vitest: one per test file, reset before each test. Copy it and set the seed to your file.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
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
  const folder = mkdtempSync(join(tmpdir(), 'brms-vitest-'))
  const ready = join(folder, 'ready.json')
  const child = spawn(
    BRMS,
    ['serve', '--ephemeral', '--listen', '127.0.0.1:0', '--seed', SEED, '--test-api', '--ready-file', ready,
      '--log', 'error'],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const ended = new Promise((resolve) => child.once('exit', resolve))
  while (!existsSync(ready)) {
    if (child.exitCode !== null) {
      rmSync(folder, { recursive: true })
      throw new Error('brms did not start')
    }
    await sleep(5)
  }
  const { url, testApiToken } = JSON.parse(readFileSync(ready, 'utf8'))
  const control = async (method, path, body) => {
    const answer = await call(method, `${url}/_test/${path}`, `Test ${testApiToken}`, body)
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  const nextMail = (to, after) => control('GET', `mailbox/next?to=${to}${after ? `&after=${after.id}` : ''}`)
  const stop = async () => {
    child.kill()
    await ended
    rmSync(folder, { recursive: true })
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
