import { tokenOfLink, type HandedPage } from '../../core/session/route'
import { Join } from './Join'
import { Reset } from './Reset'
import { SetUp } from './SetUp'
import { Stop } from './Stop'

/** What a link that somebody handed over is good for. */
export default function Handed({ page }: { page: HandedPage }) {
  const token = tokenOfLink()
  if (token === undefined)
    return (
      <Stop
        title="This link is not whole"
        text="It ends in #token= and a word. Copy all of it, or ask for it again."
      />
    )
  switch (page) {
    case 'setup':
      return <SetUp token={token} />
    case 'join':
      return <Join token={token} />
    case 'reset':
      return <Reset token={token} />
  }
}
