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

! One implicit step on a rod, which is stable at any rate; LAPACK solves the tridiagonal system.
subroutine rod_step(before, after, rate, points)
  implicit none
  integer, intent(in) :: points
  real(8), intent(in) :: before(points), rate
  real(8), intent(out) :: after(points)
  real(8) :: lower(points), diagonal(points), upper(points)
  integer :: info
  external :: dgtsv

  after = before
  lower = -rate
  upper = -rate
  diagonal = 1 + 2 * rate
  ! The ends keep their temperature.
  diagonal(1) = 1
  upper(1) = 0
  diagonal(points) = 1
  lower(points - 1) = 0
  call dgtsv(points, 1, lower, diagonal, upper, after, points, info)
  if (info /= 0) after = 0
end subroutine rod_step
