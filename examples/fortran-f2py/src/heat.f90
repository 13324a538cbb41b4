! One explicit step of the heat equation; the borders keep their temperature.
subroutine step(before, after, rate, rows, columns)
  implicit none
  integer, intent(in) :: rows, columns
  real(8), intent(in) :: before(rows, columns), rate
  real(8), intent(out) :: after(rows, columns)
  integer :: i, j

  after = before
  do concurrent (j = 2:columns - 1, i = 2:rows - 1)
    after(i, j) = before(i, j) + rate * (before(i - 1, j) + before(i + 1, j) &
                  + before(i, j - 1) + before(i, j + 1) - 4 * before(i, j))
  end do
end subroutine step
