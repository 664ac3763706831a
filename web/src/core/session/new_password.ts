/** What the contract asks of a password. */
export const shortestPassword = 10

/** Why a password will not do, before the server is asked; undefined if it may. */
export function passwordProblem(password: string, again: string, email?: string): string | undefined {
  if ([...password].length < shortestPassword)
    return `A password has at least ${shortestPassword} characters; a sentence is a good one.`
  if (email !== undefined && password.toLowerCase() === email.trim().toLowerCase())
    return 'The password must not be the e-mail address.'
  return password === again ? undefined : 'The two passwords differ.'
}
