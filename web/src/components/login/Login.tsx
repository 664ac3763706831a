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
          The link was used, or lost? Stop the server and start it again: it prints a new one, and nothing is
          lost.
        </p>
      </section>
    </main>
  )
}
