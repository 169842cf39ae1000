using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Roster.Log;
using Roster.Partners;
using Roster.Server.Partners;

namespace Roster.Fuzz.Targets;

/// <summary>
/// Cursors and positions of the feed. What is accepted means the same when it is written again. A cursor's checksum is no
/// secret, so its body is tried with the right one, too.
/// </summary>
internal sealed class PlaceTarget() : FuzzTarget("place")
{
    private static readonly PartnerFilter Filter = new(Q: "é");

    public override void Run(byte[] input)
    {
        var text = TextOf(input);
        if (FeedPosition.Parse(text) is { } position)
        {
            FuzzException.UnlessSame(position, FeedPosition.Parse(position.ToString())!, "a position of the feed");
            FuzzException.Unless(
                position is { Revision: >= 0 and < long.MaxValue, Seen: < long.MaxValue, Offset: >= 0 }, "a position that is none");
        }
        foreach (var sort in Enum.GetValues<PartnerSort>())
        {
            var cursors = new CursorText(1, Filter, sort, isDescending: false);
            Check(cursors, text);
            var checksum = SHA256.HashData([.. Encoding.UTF8.GetBytes($"1 {Filter} {sort} False "), .. input]).AsSpan(0, 8);
            Check(cursors, Base64Url.EncodeToString([.. checksum, .. input]));
            FuzzException.Unless(new CursorText(2, Filter, sort, isDescending: false).Read(text) is null, "a cursor of another workspace");
        }
    }

    private void Check(CursorText cursors, string text)
    {
        if (cursors.Read(text) is not { } cursor)
            return;
        Accept();
        FuzzException.UnlessSame(cursor, cursors.Read(cursors.Write(cursor))!, "a cursor");
    }
}
