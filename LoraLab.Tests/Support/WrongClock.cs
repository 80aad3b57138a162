using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LoraLab.Tests.Support;

/// <summary>The wall clock of a machine that is set wrong, for a server process that loads it before it starts.</summary>
/// <param name="ahead">By how much.</param>
internal sealed class WrongClock(TimeSpan ahead)
    : TimeProvider, IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
{
    /// <summary>Gives the clock to the host that this process will build.</summary>
    public static void Install(TimeSpan ahead) => DiagnosticListener.AllListeners.Subscribe(new WrongClock(ahead));

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.Extensions.Hosting")
        {
            value.Subscribe(this);
        }
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Key: "HostBuilding", Value: IHostBuilder builder })
        {
            builder.ConfigureServices((_, services) => services.AddSingleton<TimeProvider>(this));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
