import { type Static, Type } from 'typebox';
import type { Member } from '../../../ledger/members.ts';
import { Uuid } from '../../uuid.ts';

export const MemberRoleField = Type.Enum(['merchant', 'courier'], { description: 'Staff or courier.' });

export const MemberResource = Type.Object(
  {
    merchantId: Uuid,
    accountId: Uuid,
    email: Type.String(),
    name: Type.Union([Type.String(), Type.Null()]),
    role: MemberRoleField,
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Member', title: 'Member' },
);

export function toMemberResource(member: Member): Static<typeof MemberResource> {
  return { ...member, createdAt: member.createdAt.toISOString() };
}
