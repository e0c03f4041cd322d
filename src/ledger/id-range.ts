/** Before every id, and after every id: where a list ordered by id begins. */
export const ID_MIN = '00000000-0000-0000-0000-000000000000';
export const ID_MAX = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
