import type { Schemas } from '../api/client'

export type Role = Schemas['Role']

/** Each may do what those before it may, and more. */
export const roles: readonly Role[] = ['viewer', 'runner', 'editor', 'admin', 'owner']

/** What a role is for, after "may". */
export const roleWords: Readonly<Record<Role, string>> = {
  viewer: 'look',
  runner: 'look and run',
  editor: 'look, run and edit',
  admin: 'edit, and manage people',
  owner: 'do everything',
}

export const atLeast = (role: Role | undefined, least: Role): boolean =>
  role !== undefined && roles.indexOf(role) >= roles.indexOf(least)

/** Why somebody may not do what asks for a role; undefined if they may. */
export function whyNot(role: Role | undefined, least: Role): string | undefined {
  if (atLeast(role, least)) return undefined
  const article = /^[aeiou]/.test(role ?? '') ? 'an' : 'a'
  return role === undefined
    ? `It needs the role ${least}.`
    : `You are ${article} ${role} here: it needs the role ${least}.`
}
