using Roster.Storage;

namespace Roster.Server.Imports;

/// <summary>
/// A temporary file without a name. Only this process can read it, and it is gone when it is closed or the process ends. Where
/// its disk fails or is full, that is an outage like the database's.
/// </summary>
internal sealed class LocalCopy : Stream
{
    private readonly FileStream _file;

    private LocalCopy(FileStream file) => _file = file;

    /// <exception cref="StoreException">It cannot be made.</exception>
    public static LocalCopy Open() => Guard(() =>
    {
        var options = PrivateFile.Options(FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        options.BufferSize = 64 << 10;
        var path = Path.Combine(Path.GetTempPath(), $"roster-import-{Guid.NewGuid():N}");
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose;
            return new LocalCopy(new FileStream(path, options));
        }
        var file = new FileStream(path, options);
        try
        {
            // Without a name it is gone even if the process is killed.
            File.Delete(path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        return new LocalCopy(file);
    });

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _file.Length;

    public override long Position
    {
        get => _file.Position;
        // What is buffered is written.
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return _file.Read(buffer);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _file.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Flush() => Guard(() =>
    {
        _file.Flush();
        return true;
    });

    /// <exception cref="IOException">That is before its start: the reader's fault, or the file's, and none of the disk.</exception>
    public override long Seek(long offset, SeekOrigin origin)
    {
        var from = origin switch
        {
            SeekOrigin.Begin => 0,
            SeekOrigin.Current => Position,
            _ => Length,
        };
        return from + offset >= 0 ? Guard(() => _file.Seek(offset, origin)) : throw new IOException("This is before the file's start.");
    }

    protected override void Dispose(bool disposing)
    {
        try
        {
            if (disposing)
                _file.Dispose();
        }
        catch (IOException)
        {
            // What was not written is not wanted any more.
        }
        base.Dispose(disposing);
    }

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Failed(failure);
        }
    }

    private static StoreException Failed(Exception failure) =>
        new(PrivateFile.TroubleOf(failure), $"A temporary file in {Path.GetTempPath()} fails. {failure.Message}", failure);
}
