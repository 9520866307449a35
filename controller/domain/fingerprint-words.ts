/**
 * The words of fingerprints: 256, so that one word is one byte. Chosen to be told apart when read aloud over a bad line:
 * the first four letters differ between any two, and so do at least three letters. The order is part of the contract
 * between a node's console and the controller's page: words are never changed, added or sorted anew.
 */
const LIST = `
acorn adobe agate album alder alpha anchor ankle april arena arrow atlas attic autumn badge bamboo
banjo barrel basil beacon beaver bison blanket blossom bobcat bonnet bottle branch brick bronze bucket buffalo
bundle burger button cabin cactus camel canary canoe canvas carpet castle cedar cello cement chalk cherry
chimney cinema circus clover cobalt cobweb coconut copper cricket crystal cushion cypress daisy dancer delta denim
desert diamond diesel dolphin domino donkey dragon drum duchess dune eagle eclipse elbow ember emerald engine
escape evening fabric falcon feather fender fiddle finch fjord flute forest fossil freckle fresco funnel galaxy
garlic gazelle gecko ginger ginkgo giraffe glacier goblet gondola gorilla granite grape guitar hammer harbor helmet
heron hickory hotel hummus hybrid ibis iceberg igloo impala indigo island ivory jaguar jasmine jersey jigsaw
juniper jury kayak kelp kimono kitten koala lagoon lantern lasso leopard library lily lizard lobster lotus
lunar lupin lynx magnet mammoth marble meadow mercury meteor mirror mosaic muffin mustard napkin nectar needle
nickel nugget nutmeg nylon oboe ocean octopus olive onion opal opera orange orbit orchid osprey otter
oxygen pagoda paper pasta pebble pelican pencil piano picnic pigeon pillow pirate polar poppy prairie pretzel
prism pumpkin puzzle quail quartz quiche quiver rabbit raft rainbow raven rhubarb ribbon rose rudder saffron
sandal school shelf silver sketch snow spinach squash squid stable summit sunset swan syrup tailor teapot
temple thistle thunder toast tomato topiary trumpet tulip tundra turbine tuxedo ukulele unicorn vanilla velcro village
violin volcano voyage vulture waffle walnut wasabi weasel wheat window wolf yacht yogurt zebra zenith zigzag
`;

export const WORDS: readonly string[] = LIST.trim().split(/\s+/);
