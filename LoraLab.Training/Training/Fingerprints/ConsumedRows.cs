using LoraLab.Files;
using LoraLab.Training.Data;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>
/// The rows that training really consumed, rolled up step by step: h ← sha256(h ‖ step ‖ rows), from 32 zero bytes. A resumed
/// run goes on from the stored h, so that the hash tells whether every step was taken once and in order.
/// </summary>
public sealed class ConsumedRows
{
    private byte[] _rolled = new byte[32];

    /// <summary>Steps consumed.</summary>
    public int Steps { get; private set; }

    /// <summary>Tokens consumed, BOS counted.</summary>
    public long Tokens { get; private set; }

    /// <summary>The rolled-up hash, lower-case hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(_rolled);

    /// <summary>Goes on after a stored step.</summary>
    public static ConsumedRows After(int steps, long tokens, string sha256) =>
        new() { Steps = steps, Tokens = tokens, _rolled = Convert.FromHexString(sha256) };

    /// <summary>A step consumed a window.</summary>
    public void Add(int step, IReadOnlyCollection<TrainingExample> window)
    {
        using Sha256Hash hash = new();
        _rolled = Convert.FromHexString(hash.Add(_rolled).Add(step).Add([.. window.Select(example => example.Row)]).Hex());
        Steps = step;
        Tokens += window.Sum(example => (long)example.Ids.Length);
    }
}
