// What a test of an API client may check, each in milliseconds.

import { expect } from 'vitest'
import { call, test } from './brms.js'

const OWNER = 'Internal brms_ses_seed_owner_00000000000000000000000000000000000000'
const IVY = '0190a000-0000-7000-8000-000000000005'
const NINA = '0190a000-0000-7000-8000-000000000009'
const PRICING = '0190a000-0000-7000-a000-000000000001'

const sendInvitation = (brms, user) => call('POST', `${brms.url}/api/users/${user}/invitation`, OWNER)
const accept = (brms, mail) => call('POST', `${brms.url}/invitations/accept`, undefined, { secret: mail.code })
const inviteNina = (brms) =>
  call('POST', `${brms.url}/api/projects/${PRICING}/members`, OWNER, { userIds: [NINA] })

test('an invited user gets a mail and accepts', async ({ brms }) => {
  await sendInvitation(brms, IVY)
  const mail = await brms.nextMail('ivy@acme.test')
  expect(mail.subject).toBe('You are invited to join Acme Ltd')
  expect(await accept(brms, mail)).toMatchObject({ status: 200, body: { status: 'accepted' } })
})

test('a link expires after a week or when a newer one is sent', async ({ brms }) => {
  await sendInvitation(brms, IVY)
  const first = await brms.nextMail('ivy@acme.test')
  await sendInvitation(brms, IVY)
  const second = await brms.nextMail('ivy@acme.test', first)
  expect((await accept(brms, first)).body.type).toBe('urn:brms:problem:invitation-replaced')
  await brms.control('POST', 'clock/advance', { by: '8d' })
  expect((await accept(brms, second)).body.type).toBe('urn:brms:problem:invitation-expired')
})

test('a response that fails twice succeeds the third time', async ({ brms }) => {
  await brms.control('POST', 'fail', { operation: 'inviteMembers', times: 2, status: 503 })
  const statuses = []
  for (let round = 0; round < 3; round++) statuses.push((await inviteNina(brms)).status)
  expect(statuses).toEqual([503, 503, 200])
})

test('when the response is lost the operation was executed and a retry is safe', async ({ brms }) => {
  await brms.control('POST', 'fail', { operation: 'inviteMembers', drop: 'after' })
  await expect(inviteNina(brms)).rejects.toThrow(/fetch/)
  expect(await inviteNina(brms)).toEqual({ status: 200, body: [] })
})

test('an address with a plus gets its mail', async ({ brms }) => {
  await call('POST', `${brms.url}/api/users`, OWNER, { emails: ['ann+test@acme.test'] })
  expect(await brms.nextMail('ann+test@acme.test')).toMatchObject({ to: 'ann+test@acme.test' })
})

// In the environments jsdom and happy-dom: a page, whose origin is http://localhost:3000.
test.skipIf(typeof window === 'undefined')('a page of another origin calls and reads a problem', async ({ brms }) => {
  expect(new URL(brms.url).origin).not.toBe(window.location.origin)
  const request = new window.XMLHttpRequest()
  request.open('GET', `${brms.url}/api/users?page=0`)
  request.setRequestHeader('Authorization', OWNER)
  const loaded = new Promise((resolve, reject) => {
    request.addEventListener('load', resolve)
    request.addEventListener('error', () => reject(new Error('the browser kept the answer from the page')))
  })
  request.send()
  await loaded
  expect(request.status).toBe(400)
  expect(JSON.parse(request.responseText).errors[0].parameter).toBe('page')
})

test('each test starts with a clean server', async ({ brms }) => {
  expect(await brms.control('GET', 'mailbox')).toEqual([])
  expect((await inviteNina(brms)).body).toHaveLength(1)
})
