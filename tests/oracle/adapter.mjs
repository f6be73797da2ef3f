// Answers JSON lines on standard input (cases of the case form) with the decisions of @cloud-copilot/iam-simulate.
//
// The package is licensed AGPL-3.0-or-later. It runs here as a program of its own, for tests only; nothing of it is
// part of Crosswind.
//
// Usage: node adapter.mjs FOLDER [core|public]      FOLDER holds node_modules
//   core    the engine behind the public entry: no look-up of actions, resource types and context keys (the default)
//   public  runSimulation, as the package's documentation shows it
// A line that is a case is answered with {"id", "decision"} or {"id", "error"}.
// A line {"rounds": N, "cases": [...]} is answered with {"seconds", "answers"}: all cases decided N times.
import { createInterface } from 'node:readline'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [folder, mode = 'core'] = process.argv.slice(2)
const packages = join(resolve(folder), 'node_modules', '@cloud-copilot')
const load = (...path) => import(pathToFileURL(join(packages, ...path)).href)

const { runSimulation, anonymousPrincipal } = await load('iam-simulate', 'dist', 'esm', 'index.js')
const { authorize } = await load('iam-simulate', 'dist', 'esm', 'core_engine', 'CoreSimulatorEngine.js')
const { AwsRequestImpl } = await load('iam-simulate', 'dist', 'esm', 'request', 'request.js')
const { RequestContextImpl } = await load('iam-simulate', 'dist', 'esm', 'requestContext.js')
const { DiscoveryContextKeyConstraints } = await load(
  'iam-simulate', 'dist', 'esm', 'context_keys', 'discoveryContextKeyConstraints.js'
)
const { loadPolicy } = await load('iam-policy', 'dist', 'esm', 'index.js')

const WORDS = { Allowed: 'Allow', ExplicitlyDenied: 'ExplicitDeny', ImplicitlyDenied: 'ImplicitDeny' }
const FULL = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }]
}
const STRICT = {
  simulationMode: 'Strict',
  discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([])
}

const principalOf = (text) => (text === 'anonymous' ? anonymousPrincipal : text)
// An absent Version means 2008-10-17; every level of RCPs holds RCPFullAWSAccess.
const scpLevels = (asked) => asked.scps
const rcpLevels = (asked) =>
  (asked.rcps.length ? asked.rcps : [{ level: 'none', policies: [] }]).map(({ level, policies }) => ({
    level,
    policies: [FULL, ...policies]
  }))

function decideByCore(asked) {
  const { request } = asked
  const load = (policy, name) => loadPolicy(policy, { name })
  const all = (policies, kind) => policies.map((policy, index) => load(policy, `${kind}${index}`))
  const levels = (given) =>
    given.map(({ level, policies }) => ({ orgIdentifier: level, policies: all(policies, level) }))
  const context = new RequestContextImpl(request.context)
  const resource = { resource: request.resource, accountId: request.resourceAccount }
  return authorize({
    request: new AwsRequestImpl(principalOf(request.principal), resource, request.action, context),
    sessionPolicy: asked.sessionPolicy ? load(asked.sessionPolicy, 'session') : undefined,
    identityPolicies: all(asked.identityPolicies, 'identity'),
    serviceControlPolicies: levels(scpLevels(asked)),
    resourceControlPolicies: levels(rcpLevels(asked)),
    resourcePolicy: asked.resourcePolicy ? load(asked.resourcePolicy, 'resource') : undefined,
    permissionBoundaries: asked.boundary ? all(asked.boundary, 'boundary') : undefined,
    vpcEndpointPolicies: asked.endpointPolicies.length ? all(asked.endpointPolicies, 'endpoint') : undefined,
    simulationParameters: STRICT,
    serviceSettings: { s3: { blockPublicAccess: asked.blockPublicAccess === true } }
  }).result
}

async function decideByPublic(asked) {
  const { request } = asked
  const named = (policies, kind) => policies.map((policy, index) => ({ name: `${kind}${index}`, policy }))
  const levels = (given) =>
    given.map(({ level, policies }) => ({ orgIdentifier: level, policies: named(policies, level) }))
  const simulation = {
    request: {
      action: request.action,
      resource: { resource: request.resource, accountId: request.resourceAccount },
      principal: principalOf(request.principal),
      contextVariables: request.context
    },
    identityPolicies: named(asked.identityPolicies, 'identity'),
    serviceControlPolicies: levels(scpLevels(asked)),
    resourceControlPolicies: levels(asked.rcps),
    additionalSettings: { s3: { blockPublicAccess: asked.blockPublicAccess === true } }
  }
  if (asked.resourcePolicy) simulation.resourcePolicy = asked.resourcePolicy
  if (asked.sessionPolicy) simulation.sessionPolicy = asked.sessionPolicy
  if (asked.boundary) simulation.permissionBoundaryPolicies = named(asked.boundary, 'boundary')
  if (asked.endpointPolicies.length) simulation.vpcEndpointPolicies = named(asked.endpointPolicies, 'endpoint')
  const found = await runSimulation(simulation, {})
  if (found.resultType === 'error') throw new Error(JSON.stringify(found.errors))
  return found.overallResult
}

const decide = mode === 'public' ? decideByPublic : decideByCore

async function answer(asked) {
  try {
    return { id: asked.id, decision: WORDS[await decide(asked)] }
  } catch (error) {
    return { id: asked.id, error: String(error.message ?? error).slice(0, 500) }
  }
}

async function measure({ rounds, cases }) {
  let answers = []
  const began = process.hrtime.bigint()
  for (let round = 0; round < rounds; round++) {
    answers = []
    for (const each of cases) answers.push(await answer(each))
  }
  return { seconds: Number(process.hrtime.bigint() - began) / 1e9, answers }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  console.log(JSON.stringify(asked.rounds ? await measure(asked) : await answer(asked)))
}
