namespace LoraLab.Server.Infrastructure;

/// <summary>The answer to a commit was lost, and the database has not answered since: nobody knows yet whether it took effect.</summary>
/// <param name="lost">How the answer was lost.</param>
internal sealed class UnknownCommitException(Exception lost)
    : IOException($"The PostgreSQL database did not answer a commit ({lost.Message.TrimEnd('.')})", lost);
