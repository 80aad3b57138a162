using System.Security.Cryptography;

namespace LoraLab.Server.Runs;

/// <summary>Short ids that sort by time: eight digits of milliseconds and two random ones, base 32 without look-alikes.</summary>
internal sealed class RunIds(TimeProvider time)
{
    private const string Digits = "0123456789abcdefghjkmnpqrstvwxyz";
    private static readonly DateTimeOffset Epoch = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock gate = new();
    private long last;

    public string Next()
    {
        long moment;
        lock (gate)
        {
            last = moment = Math.Max(last + 1, (long)(time.GetUtcNow() - Epoch).TotalMilliseconds);
        }

        Span<char> id = stackalloc char[10];
        for (int i = 7; i >= 0; i--, moment >>= 5)
        {
            id[i] = Digits[(int)(moment & 31)];
        }

        id[8] = Digits[RandomNumberGenerator.GetInt32(32)];
        id[9] = Digits[RandomNumberGenerator.GetInt32(32)];
        return new string(id);
    }
}
