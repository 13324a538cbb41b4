! Exponential smoothing: each value drawn towards those before it.
module smoothing
  use, intrinsic :: iso_c_binding, only: c_double, c_size_t
  implicit none
contains
  subroutine smooth(count, values, weight, smoothed) bind(C, name="smooth")
    integer(c_size_t), value :: count
    real(c_double), value :: weight
    real(c_double), intent(in) :: values(count)
    real(c_double), intent(out) :: smoothed(count)
    integer(c_size_t) :: i

    if (count == 0) return
    smoothed(1) = values(1)
    do i = 2, count
      smoothed(i) = weight * values(i) + (1 - weight) * smoothed(i - 1)
    end do
  end subroutine smooth
end module smoothing
