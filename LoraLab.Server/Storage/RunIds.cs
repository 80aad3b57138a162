using System.Security.Cryptography;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>
/// Short ids that sort by submission: eight digits of milliseconds and two random ones, base 32 without look-alikes. Even if the clock is
/// set back, a new id is greater than all existing ones.
/// </summary>
internal sealed class RunIds
{
    private const int Moments = 8;
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";
    private const long LastMoment = (1L << (5 * Moments)) - 1;
    private static readonly DateTimeOffset _epoch = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly IRunStore _store;
    private long _last;

    public RunIds(TimeProvider time, IRunStore store)
    {
        (_time, _store) = (time, store);
        // The latest one in our format: ids sort by their time.
        _last = Math.Max(
            store.Enumerate(RunFilter.All, RunSort.Latest).Select(run => MomentOf(run.Document.Id)).FirstOrDefault(moment => moment > 0),
            store.ListExperiments().Select(experiment => MomentOf(experiment.Id)).DefaultIfEmpty(0).Max());
    }

    /// <summary>When the id was generated, by the clock at that time.</summary>
    public static DateTimeOffset TimeOf(string id) => _epoch + TimeSpan.FromMilliseconds(MomentOf(id));

    public string Next()
    {
        long moment;
        lock (_gate)
        {
            long now = (long)(_time.GetUtcNow() - _epoch).TotalMilliseconds;
            long next = Math.Max(_last + 1, now <= LastMoment ? now : 0);
            _last = moment = _store.ReserveMoment(next) ?? next;
        }

        Span<char> id = stackalloc char[10];
        for (int i = Moments - 1; i >= 0; i--, moment >>= 5)
        {
            id[i] = Digits[(int)(moment & 31)];
        }

        id[8] = Digits[RandomNumberGenerator.GetInt32(32)];
        id[9] = Digits[RandomNumberGenerator.GetInt32(32)];
        return new string(id);
    }

    /// <summary>0 for a string that is not in this format.</summary>
    private static long MomentOf(string id)
    {
        long moment = 0;
        foreach (char digit in id.Length == Moments + 2 ? id.AsSpan(0, Moments) : [])
        {
            int value = Digits.IndexOf(digit, StringComparison.Ordinal);
            if (value < 0)
            {
                return 0;
            }

            moment = (moment << 5) | (long)value;
        }

        return moment;
    }
}
