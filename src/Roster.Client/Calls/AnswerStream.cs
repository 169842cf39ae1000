namespace Roster.Client;

/// <summary>An answer's body: at most so many bytes, and each piece that comes is reported.</summary>
/// <param name="idempotencyKey">Of the write whose answer it is.</param>
internal sealed class AnswerStream(Stream inner, long most, string? idempotencyKey, Action came) : ReadOnlyStream(inner)
{
    private long _read;

    protected override int Took(int read)
    {
        came();
        return (_read += read) <= most ? read
            : throw new RosterException(RosterErrors.AnswerTooLarge, $"The answer has more than {most} bytes; ask for less at a time.")
            {
                IdempotencyKey = idempotencyKey,
            };
    }
}
