using System.Collections.Concurrent;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>Totals of all clients.</summary>
internal sealed class LoadTotals
{
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private int runs;
    private int followed;
    private long events;
    private long points;

    public int Runs => runs;

    public int FollowedRuns => followed;

    public long Points => points;

    public void Submitted() => Interlocked.Increment(ref runs);

    public void Answered(int status) => statuses.AddOrUpdate(status, 1, static (_, count) => count + 1);

    public void Followed(int heard, int steps)
    {
        Interlocked.Increment(ref followed);
        Interlocked.Add(ref events, heard);
        Interlocked.Add(ref points, steps);
    }

    public override string ToString() =>
        $"{statuses.Values.Sum()} requests ({string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))}), {runs} runs submitted, {followed} followed to their end, {events} events and {points} points each received once";
}
