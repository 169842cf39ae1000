namespace Roster.Storage.Sqlite.Connections;

/// <summary>
/// Whether the database's file is sound and in its place. If it is not, nothing is written until the next start on a
/// sound file: writes to a damaged file, or to one without a name, are lost.
/// </summary>
internal sealed class SqliteHealth(string path, StoreNotices notices) : IDisposable
{
    private readonly Lock _lock = new();
    private SqliteDatabase? _witness;
    private StoreException? _damage;
    private volatile bool _hasMoved;

    public static StoreException Damaged(string what) => new(
        StoreTrouble.Damaged, $"{what}. The file is damaged: nothing is read or written any more. Stop the server, see what "
            + "roster-server check finds, and restore a backup (docs/how-to/check-and-repair.md).");

    public static StoreException Moved(string path) => new(
        StoreTrouble.Damaged, $"{path} was deleted, moved or replaced while the server uses it. Nothing is written any more. " +
            "Stop the server, put the file back or restore a backup, and start it again (docs/how-to/check-and-repair.md).");

    /// <summary>Whether reading goes on in a damaged file, as far as it is readable.</summary>
    public bool ServesDamaged { get; init; }

    /// <summary>Takes the file that is in place now as the right one.</summary>
    /// <param name="witness">A connection that keeps this file open, whatever is put under its name later.</param>
    public void Watch(SqliteDatabase witness) => _witness = witness;

    /// <summary>
    /// Remembers damage of the file and reports it. A single damaged partner or change set does not stop writes, nor
    /// do damaged imports.
    /// </summary>
    public void Note(StoreException failure)
    {
        if (failure.Trouble != StoreTrouble.Damaged || failure is DamagedRecordException)
            return;
        Interlocked.CompareExchange(ref _damage, failure, null);
        notices.Begin(new StoreNotice(StoreNotice.StorageDamaged, failure.Message));
    }

    /// <summary>Checks whether damage was found before.</summary>
    /// <exception cref="StoreException">It was: <see cref="StoreTrouble.Damaged"/>.</exception>
    public void CheckKnown()
    {
        if (Volatile.Read(ref _damage) is { } damage)
            throw new StoreException(StoreTrouble.Damaged, damage.Message, damage);
    }

    /// <summary>
    /// Checks before each read. In a file with known damage, SQLite may take one part for another: so reading it goes on only
    /// where an operator wants that.
    /// </summary>
    /// <exception cref="StoreException">The file was found damaged, or out of place.</exception>
    public void CheckReadable()
    {
        CheckSeenInPlace();
        if (!ServesDamaged)
            CheckKnown();
    }

    /// <summary>Checks whether the file is in its place, by looking up two file names.</summary>
    /// <exception cref="StoreException">It is not.</exception>
    public void CheckInPlace()
    {
        CheckSeenInPlace();
        bool isInPlace;
        lock (_lock)
            isInPlace = _witness is null || (_witness.IsInPlace() && File.Exists(_witness.LogPath));
        if (isInPlace)
            return;
        _hasMoved = true;
        Note(Moved(path));
        CheckSeenInPlace();
    }

    /// <summary>
    /// Checks only whether it was found to be out of place before: two files of one name must not be read as one.
    /// </summary>
    /// <exception cref="StoreException">It was.</exception>
    public void CheckSeenInPlace()
    {
        if (_hasMoved)
            throw Moved(path);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _witness?.Dispose();
            _witness = null;
        }
    }
}
