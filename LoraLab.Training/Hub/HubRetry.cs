using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Hub;

/// <summary>Retries with exponential backoff while the hub is unavailable.</summary>
internal static class HubRetry
{
    private static readonly TimeSpan _maxDelay = TimeSpan.FromMinutes(2);

    /// <summary>Runs an action until it succeeds or too many consecutive attempts make no progress.</summary>
    /// <param name="options">Attempts and delays.</param>
    /// <param name="action">The action.</param>
    /// <param name="progress">Returns a number that grows with progress, which resets the count of attempts.</param>
    /// <param name="cancellationToken">Cancels the action and the delays.</param>
    public static async Task<T> RunAsync<T>(
        HubOptions options, Func<Task<T>> action, Func<long> progress, CancellationToken cancellationToken)
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
                    throw RunFailure.BadData(
                        $"{problem.Message}; gave up after {failed} attempts. Run 'pull' again to resume.", null, problem);
                }

                TimeSpan delay = problem.RetryAfter ?? options.InitialDelay * Math.Pow(2, failed - 1);
                await Task.Delay(delay < _maxDelay ? delay : _maxDelay, options.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
