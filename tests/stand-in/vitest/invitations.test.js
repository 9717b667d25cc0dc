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
  await expect(inviteNina(brms)).rejects.toThrow('fetch failed')
  expect(await inviteNina(brms)).toEqual({ status: 200, body: [] })
})

test('each test starts with a clean server', async ({ brms }) => {
  expect(await brms.control('GET', 'mailbox')).toEqual([])
  expect((await inviteNina(brms)).body).toHaveLength(1)
})
