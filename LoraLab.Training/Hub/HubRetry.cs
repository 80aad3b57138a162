using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>Tries again, with growing waits, for as long as the hub is unavailable.</summary>
internal static class HubRetry
{
    private static readonly TimeSpan _longestWait = TimeSpan.FromMinutes(2);

    /// <summary>Runs an action until it succeeds or too many attempts in a row brought nothing.</summary>
    /// <param name="options">Attempts and waits.</param>
    /// <param name="action">What to do.</param>
    /// <param name="progress">A number that grows when an attempt brought something, which gives the next ones a fresh start.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<T> RunAsync<T>(HubOptions options, Func<Task<T>> action, Func<long> progress, CancellationToken cancellationToken)
    {
        long reached = progress();
        for (int failed = 1; ; failed++)
        {
            try
            {
                return await action().ConfigureAwait(false);
            }
            catch (HubUnavailableException problem)
            {
                if (progress() > reached)
                {
                    (reached, failed) = (progress(), 1);
                }

                if (failed >= options.Attempts)
                {
                    throw RunFailure.BadData($"{problem.Message}; gave up after {failed} attempts. Run 'pull' again to go on from there.", null, problem);
                }

                TimeSpan wait = problem.Wait ?? options.FirstDelay * Math.Pow(2, failed - 1);
                await Task.Delay(wait < _longestWait ? wait : _longestWait, options.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
