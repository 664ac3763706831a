import { Logo } from '../shell/Logo'
import './login.css'

/** There is no session. The asked page stays in the address, and opens once there is one. */
export function Login({ problem }: { problem: string | undefined }) {
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>Sign in to Easel</h1>
        {problem !== undefined && <p className="said">{problem}</p>}
        <p>
          Open the link that <code>easel serve</code> printed in its terminal. It looks like this, and works
          once:
        </p>
        <pre>{`${location.origin}/#token=…`}</pre>
        <p>
          The link was used, or lost? Run the same command again in another terminal: it sees that the
          workspace is served, and prints a new link.
        </p>
      </section>
    </main>
  )
}
