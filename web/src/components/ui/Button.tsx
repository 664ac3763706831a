import type { ComponentProps } from 'react'
import styles from './Button.module.css'

interface Props extends ComponentProps<'button'> {
  look?: 'plain' | 'ghost' | 'primary' | 'icon'
  small?: boolean
}
export function Button({ look = 'plain', small, className, ...rest }: Props) {
  const names = [styles.button, styles[look], small && styles.small, className].filter(Boolean)
  return <button type="button" className={names.join(' ')} {...rest} />
}
