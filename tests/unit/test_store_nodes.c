/* test_store_nodes.c - rows of nodes and leases, and of results that came too late */
#include "store_fixture.h"

#include "nodes.h"

static void a_node_keeps_its_number_by_its_name(void **state)
{
	struct world *w = *state;
	hg_member one = { .name = "one", .version = "1.0", .schema = 28, .since_ms = T0, .seen_ms = T0 };
	hg_member two = { .name = "two", .version = "1.0", .schema = 28, .since_ms = T0, .seen_ms = T0 }, again = one, *got;
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	gboolean ours;

	must(hg_store_begin(w->store, e));
	must(hg_store_node_join(w->store, w->arena, &one, e));
	must(hg_store_node_join(w->store, w->arena, &two, e));
	assert_int_not_equal(one.n, two.n);
	must(hg_store_node_state(w->store, one.n, HG_NODE_DRAINING, e));
	again.since_ms = T0 + 5;
	again.version = "1.1";
	must(hg_store_node_join(w->store, w->arena, &again, e));
	assert_int_equal(again.n, one.n);
	must(hg_store_node_beat(w->store, &one, T0 + 9, &ours, e));
	assert_false(ours);	/* another process has its name */
	must(hg_store_node_beat(w->store, &again, T0 + 7, &ours, e));
	assert_true(ours);
	must(hg_store_node_list(w->store, w->arena, all, e));
	assert_int_equal(all->len, 2);
	got = g_ptr_array_index(all, 0);
	assert_string_equal(got->name, "one");
	assert_string_equal(got->version, "1.1");
	assert_int_equal(got->state, HG_NODE_RUNNING);
	assert_int_equal(got->seen_ms, T0 + 7);
	must(hg_store_node_by_name(w->store, w->arena, "three", &got, e));
	assert_null(got);
	must(hg_store_commit(w->store, e));
	assert_string_equal(hg_node_state_word(HG_NODE_GONE), "gone");
	assert_string_equal(hg_node_state_word(0), "?");
	assert_string_equal(hg_node_state_word(HG_NODE_GONE + 1), "?");
}

static void a_lease_is_one_row_of_its_post(void **state)
{
	struct world *w = *state;
	hg_lease lease = { .name = "channel:wa", .node_n = 1, .fence = 1, .until_ms = T0 + 15000 };
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	const hg_lease *got;
	gint64 now_ms;

	must(hg_store_begin(w->store, e));
	must(hg_store_clock(w->store, &now_ms, e));
	assert_int_equal(now_ms, test_now_ms);
	must(hg_store_lease_set(w->store, &lease, e));
	lease.fence = 2;
	lease.node_n = 7;
	must(hg_store_lease_set(w->store, &lease, e));
	lease.name = "backend:desk";
	must(hg_store_lease_set(w->store, &lease, e));
	must(hg_store_lease_list(w->store, w->arena, all, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(all->len, 2);
	got = g_ptr_array_index(all, 1);
	assert_string_equal(got->name, "channel:wa");
	assert_int_equal(got->fence, 2);
	assert_int_equal(got->node_n, 7);
	assert_int_equal(got->until_ms, T0 + 15000);
}

static void what_came_too_late_is_kept_for_a_month(void **state)
{
	struct world *w = *state;
	hg_stale stale = { .job_n = 9, .post = "channel:wa", .node = "one", .fence = 3, .came = "{}", .at_ms = T0 };
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	must(hg_store_begin(w->store, e));
	must(hg_store_stale_add(w->store, &stale, e));
	stale.at_ms += 2 * DAY_MS;
	must(hg_store_stale_add(w->store, &stale, e));
	must(hg_store_stale_list(w->store, w->arena, 0, 10, all, e));
	assert_int_equal(all->len, 2);
	assert_int_equal(((hg_stale *)all->pdata[0])->n, stale.n);
	must(hg_store_stale_list(w->store, w->arena, stale.n, 10, all, e));
	assert_int_equal(all->len, 3);
	must(hg_store_commit(w->store, e));
	hg_store_tend(w->store, HG_LOAD_NONE);	/* the first does nothing */
	test_now_ms = T0 + HG_STALE_KEEP_MS + DAY_MS;
	hg_store_tend(w->store, HG_LOAD_NONE);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM stale_result"), 1);
	assert_int_equal(world_count(w, "SELECT n FROM stale_result"), stale.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_node_keeps_its_number_by_its_name, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_lease_is_one_row_of_its_post, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_came_too_late_is_kept_for_a_month, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
