using LoraLab.Files;
using LoraLab.Training.Data;

namespace LoraLab.Training.Training.Fingerprints;

/// <summary>
/// A rolling hash of the rows that training consumed: h ← sha256(h ‖ step ‖ rows) per step, starting from 32 zero bytes. A resumed run
/// continues from the stored h, so that the hash verifies that every step was taken once and in order.
/// </summary>
public sealed class ConsumedRows
{
    private byte[] _rolled = new byte[32];

    /// <summary>Steps consumed.</summary>
    public int Steps { get; private set; }

    /// <summary>Tokens consumed, BOS counted.</summary>
    public long Tokens { get; private set; }

    /// <summary>The rolling hash, lowercase hex.</summary>
    public string Sha256 => Convert.ToHexStringLower(_rolled);

    /// <summary>Restores the state after a step from a checkpoint.</summary>
    public static ConsumedRows Restore(int steps, long tokens, string sha256) =>
        new() { Steps = steps, Tokens = tokens, _rolled = Convert.FromHexString(sha256) };

    /// <summary>Adds the window of a step.</summary>
    public void Add(int step, IReadOnlyCollection<TrainingExample> window)
    {
        using Sha256Hash hash = new();
        _rolled = Convert.FromHexString(hash.Add(_rolled).Add(step).Add([.. window.Select(example => example.Row)]).Hex());
        Steps = step;
        Tokens += window.Sum(example => (long)example.Ids.Length);
    }
}
