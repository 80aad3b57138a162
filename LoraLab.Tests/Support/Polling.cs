using System.Diagnostics;

namespace LoraLab.Tests.Support;

/// <summary>
/// The pauses of tests that ask again and again. Every question costs milliseconds of the two cores that the thing waited for needs
/// too, so the pause is a tenth of what was waited already, between 20 and 250 ms: short things are seen at once, long ones are not
/// delayed by the asking.
/// </summary>
internal static class Polling
{
    private static readonly TimeSpan _shortest = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longest = TimeSpan.FromMilliseconds(250);

    /// <summary>Pauses before the next question.</summary>
    /// <param name="waited">Runs since the first question.</param>
    public static Task PauseAsync(Stopwatch waited)
    {
        TimeSpan pause = waited.Elapsed / 10;
        return Task.Delay(pause < _shortest ? _shortest : pause > _longest ? _longest : pause);
    }
}
