import type { RaidOrder } from '../host/ports.js';
import type { HelperRequest } from './protocol.js';

export type RaidRequest = Extract<
  HelperRequest,
  { readonly verb: 'raid-add' | 'raid-remove' | 'raid-replace' | 'raid-sync' }
>;

/** A change of an array as it is asked for, and as it is done. */
export function orderOf(request: RaidRequest): RaidOrder {
  const { array } = request;
  switch (request.verb) {
    case 'raid-add':
      return { kind: 'add', array, member: request.member };
    case 'raid-remove':
      return { kind: 'remove', array, member: request.member };
    case 'raid-replace':
      return { kind: 'replace', array, member: request.member, by: request.by };
    case 'raid-sync':
      return { kind: 'sync', array, action: request.action };
  }
}

export function requestOf(order: RaidOrder): RaidRequest {
  const { array } = order;
  switch (order.kind) {
    case 'add':
      return { verb: 'raid-add', array, member: order.member };
    case 'remove':
      return { verb: 'raid-remove', array, member: order.member };
    case 'replace':
      return { verb: 'raid-replace', array, member: order.member, by: order.by };
    case 'sync':
      return { verb: 'raid-sync', array, action: order.action };
  }
}
