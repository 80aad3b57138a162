using System.Collections.Concurrent;

namespace LoraLab.Tests.Server.Abuse;

/// <summary>Totals of all clients.</summary>
internal sealed class LoadTotals
{
    private readonly ConcurrentDictionary<int, int> _statuses = new();
    private int _runs;
    private int _followed;
    private long _events;
    private long _points;

    public int Runs => _runs;

    public int FollowedRuns => _followed;

    public long Points => _points;

    public void Submitted() => Interlocked.Increment(ref _runs);

    public void Answered(int status) => _statuses.AddOrUpdate(status, 1, static (_, count) => count + 1);

    public void Followed(int heard, int steps)
    {
        Interlocked.Increment(ref _followed);
        Interlocked.Add(ref _events, heard);
        Interlocked.Add(ref _points, steps);
    }

    public override string ToString() =>
        $"{_statuses.Values.Sum()} requests "
            + $"({string.Join(", ", _statuses.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}: {pair.Value}"))}), "
            + $"{_runs} runs submitted, {_followed} followed to their end, {_events} events and {_points} points each received once";
}
