"""What nights made and is still there."""

from datetime import UTC, datetime, timedelta

from nightshift.infrastructure import inventory


def test_what_a_run_staged_is_one_thing_as_old_as_its_oldest_object(settings, monkeypatch):
    old, new = datetime(2026, 1, 5, 3, tzinfo=UTC), datetime(2026, 1, 5, 4, tzinfo=UTC)
    objects = {"staging/wordcount/a/certificates.zip": new, "staging/wordcount/a/gold/t/p": old, "staging/stray": old}
    listed = [{"Key": key, "LastModified": made} for key, made in objects.items()]
    monkeypatch.setattr(inventory, "_objects", lambda *_: listed)
    (thing,) = inventory.RESOURCE_FINDERS["staging"](settings, "")
    assert (thing.run, thing.id) == ("wordcount/a", "s3://acme-night-lake/staging/wordcount/a/")
    assert thing.expires == old + timedelta(hours=settings.lifetime_hours)
