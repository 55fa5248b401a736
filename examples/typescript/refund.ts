// A shop's backend in TypeScript: it asks for a refund, lets somebody else approve it, and waits for its end.
//
//   npm run refund -- request.json --approve-as finance-2
//
// Nothing here is made for refundflow but names and JSON: docs/contract.md says what they mean, docs/schema how the
// documents look. The exit code is 0 when the money is back, 1 when the refund ended otherwise, 2 when nothing came of it.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import {
  ApplicationFailure, Client, Connection, WithStartWorkflowOperation, WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';

interface RefundRequest {
  id: string;
  account: string;
  amount: number; // fen, never a fraction
  reason: string;
  initiator: 'user' | 'support' | 'system';
  requested_by: string;
  order: { platform_id?: string; merchant_id?: string; total: number; [more: string]: unknown };
  extra?: Record<string, string>;
}

// What comes back may get more fields; those named here stay.
interface Answer { status: string; sentence: string }
interface View extends Answer { request: RefundRequest }
interface Outcome { id: string; status: string; reason: string; amount: number }
type RefundWorkflow = (request: RefundRequest) => Promise<Outcome>;

/** An update is refused as 'invalid', 'conflict' or 'refused', with the reason. Then it has changed nothing. */
class Refused extends Error {
  constructor(readonly type: string, reason: string) { super(reason); }
}

const workflowId = (r: RefundRequest) => `refund/${r.account}/${r.id}`;

/** Starts the refund, or finds it. Answers once it is written down: from then on it cannot be lost. */
async function submit(client: Client, taskQueue: string, request: RefundRequest): Promise<Answer> {
  const start = new WithStartWorkflowOperation<RefundWorkflow>('RefundWorkflow', {
    workflowId: workflowId(request), taskQueue, args: [request],
    workflowIdReusePolicy: 'REJECT_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    return await client.workflow.executeUpdateWithStart<RefundWorkflow, Answer, [RefundRequest]>('submit', {
      startWorkflowOperation: start, args: [request],
    });
  } catch (error) {
    const refusal = error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure ? error.cause : null;
    const ended = error instanceof WorkflowExecutionAlreadyStartedError || refusal?.type === 'AcceptedUpdateCompletedWorkflow';
    if (refusal && !ended) throw new Refused(refusal.type ?? '', refusal.message);
    if (!ended) throw error;
    // It has ended, and takes no more updates; but it still says what it was, and how it stands.
    const view = await client.workflow.getHandle(workflowId(request)).query<View>('status');
    if (!sameContent(view.request, request)) {
      throw new Refused('conflict', `${request.id} was a refund with other content, which has ended: ${view.sentence}`);
    }
    return view;
  }
}

/** Compares what a shop decides about a refund. The time of payment may be written in another zone: it is left out. */
function sameContent(a: RefundRequest, b: RefundRequest): boolean {
  const content = ({ order, extra, ...r }: RefundRequest) => [
    r.amount, r.reason, r.initiator, r.requested_by, order.total,
    ...['platform_id', 'merchant_id', 'user_id', 'store_id', 'store_id_type'].map((name) => order[name] ?? ''),
    Object.entries(extra ?? {}).sort(),
  ];
  return JSON.stringify(content(a)) === JSON.stringify(content(b));
}

async function refund(client: Client, queue: string, request: RefundRequest, approver?: string): Promise<number> {
  const answer = await submit(client, queue, request);
  console.log(`submitted: ${answer.status}: ${answer.sentence}`);

  // The same content again is the same refund: a shop that has heard nothing just asks again.
  const again = await submit(client, queue, request);
  console.log(`again:     ${again.status}: ${again.sentence}`);

  // Other content under the same id is refused, and starts nothing.
  const conflict = await submit(client, queue, { ...request, reason: 'something else' }).catch((error: unknown) => error);
  if (!(conflict instanceof Refused) || conflict.type !== 'conflict') throw conflict;
  console.log(`conflict:  ${conflict.message}`);

  const handle = client.workflow.getHandle<RefundWorkflow>(workflowId(request));
  if (answer.status === 'awaiting_approval' && approver) {
    await handle.signal('approve', { by: approver, note: 'receipt seen' });
    console.log(`approved:  by ${approver}`);
  }
  const outcome = await handle.result(); // days are normal
  console.log(`outcome:   ${JSON.stringify(outcome)}`);
  return outcome.status === 'succeeded' ? 0 : 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { 'approve-as': { type: 'string' } } });
  if (positionals.length !== 1) throw new Error('usage: npm run refund -- request.json [--approve-as somebody-else]');
  const request: RefundRequest = JSON.parse(await readFile(positionals[0], 'utf8'));
  const connection = await Connection.connect({ address: process.env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233' });
  try {
    const client = new Client({ connection, namespace: process.env.TEMPORAL_NAMESPACE ?? 'default' });
    return await refund(client, process.env.REFUND_QUEUE ?? 'refunds', request, values['approve-as']);
  } finally {
    await connection.close();
  }
}

main().then(
  (code) => { process.exitCode = code; },
  (error: unknown) => {
    console.error(error instanceof Refused ? `${error.type}: ${error.message}` : error);
    process.exitCode = 2;
  },
);
