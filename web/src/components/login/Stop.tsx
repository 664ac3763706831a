import { navigate } from '../../core/session/route'
import { begin } from '../../core/session/session'
import { Logo } from '../shell/Logo'
import { Button } from '../ui/Button'
import './login.css'

interface Props {
  title: string
  text: string
  /** Asking again may help. */
  retry?: boolean
  /** Loading the page anew may help. */
  reload?: boolean
  /** What the way home is called. */
  go?: string
}
/** A page that cannot be shown: what happened, and the one thing to do. */
export function Stop({ title, text, retry, reload, go = 'All canvases' }: Props) {
  return (
    <main className="login">
      <section>
        <Logo size={44} />
        <h1>{title}</h1>
        <p>{text}</p>
        {reload ? (
          <Button look="primary" onClick={() => location.reload()}>
            Load it again
          </Button>
        ) : retry ? (
          <Button look="primary" onClick={() => void begin()}>
            Try again
          </Button>
        ) : (
          <Button look="primary" onClick={() => navigate('/')}>
            {go}
          </Button>
        )}
      </section>
    </main>
  )
}
